package rest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/flowscope/flowscope/internal/api/apitest"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/query/querytest"
)

// A flow that is not counted has not ended: what its spans say so far is no
// success and no failure of it.
func TestActiveFlow(t *testing.T) {
	checkout, failed := querytest.TraceID(apitest.Checkout), querytest.TraceID(apitest.FailedCheckout)
	f := newFixture(t, func(c *Config) {
		c.Counted = func(_ context.Context, id model.TraceID) (bool, error) { return id == failed, nil }
	})
	for id, want := range map[model.TraceID]string{checkout: "active", failed: "error"} {
		for _, path := range []string{"/api/v1/flows/", "/api/v1/traces/"} {
			var got struct {
				TraceID, Status string
				SpanCount       int
			}
			w := f.get(path + id.String())
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.TraceID != id.String() || got.Status != want || got.SpanCount == 0 {
				t.Errorf("%s%s: %+v, %v, want %s", path, id, got, err, want)
			}
		}
	}
	f = newFixture(t, func(c *Config) {
		c.Counted = func(context.Context, model.TraceID) (bool, error) { return false, errors.New("broken") }
	})
	for _, path := range []string{"/api/v1/flows/", "/api/v1/traces/"} {
		if p := problemIn(t, f.get(path+checkout.String())); p.Status != http.StatusInternalServerError || strings.Contains(p.Detail, "broken") {
			t.Errorf("%s: %+v", path, p)
		}
	}
}
