package rest

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/api/apitest"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/query"
	"github.com/flowscope/flowscope/internal/query/querytest"
)

func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, func(c *Config) {
			c.Query = query.New(apitest.Stuck{Reader: querytest.New(analyze.Config{})}, analyze.Config{}, time.Now)
		})
		began := time.Now()
		p := problemIn(t, f.get("/api/v1/flows?graph=false"))
		if p.Status != http.StatusGatewayTimeout || p.Code != "timeout" || time.Since(began) != DefaultTimeout {
			t.Errorf("after %v: %+v", time.Since(began), p)
		}
	})
}

// damaged cannot read the block that may have the trace.
type damaged struct{ query.Reader }

func (damaged) Trace(context.Context, model.TraceID) (*model.Trace, error) {
	return nil, fmt.Errorf("%w: %w", model.ErrNotFound, model.ErrPartial)
}

func TestDamageIsSaid(t *testing.T) {
	f := newFixture(t, func(c *Config) {
		c.Query = query.New(damaged{querytest.New(analyze.Config{})}, analyze.Config{}, time.Now)
	})
	p := problemIn(t, f.get("/api/v1/traces/0123456789abcdef0123456789abcdef"))
	if p.Status != http.StatusNotFound || !strings.Contains(p.Detail, "damaged") {
		t.Errorf("%+v", p)
	}
}
