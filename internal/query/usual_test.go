package query_test

import (
	"context"
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/analyze/analyzetest"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/query"
	"github.com/flowscope/flowscope/internal/query/querytest"
)

// counting counts the readings of rollups.
type counting struct {
	*querytest.Reader
	rollups int
}

func (c *counting) Rollups(ctx context.Context, q model.RollupQuery) (model.Rollups, error) {
	c.rollups++
	return c.Reader.Rollups(ctx, q)
}

// Whoever pages through traces of the same minutes does not wait for what was
// usual each time, and still sees what has been counted since.
func TestUsualIsRemembered(t *testing.T) {
	spans, err := analyzetest.Draw("login", `
web: GET / [server] |==========
`)
	if err != nil {
		t.Fatal(err)
	}
	r := &counting{Reader: querytest.New(analyze.Config{}, analyzetest.Batch(spans))}
	now := time.Unix(0, spans[0].Start)
	e := query.New(r, analyze.Config{}, func() time.Time { return now })
	for _, step := range []struct {
		later time.Duration
		want  int
	}{
		{0, 1}, {time.Second, 1}, {2 * time.Second, 2}, // new flows are still being counted
		{time.Hour, 3}, {50 * time.Second, 3}, {20 * time.Second, 4},
	} {
		now = now.Add(step.later)
		if _, err := e.Trace(t.Context(), spans[0].TraceID); err != nil {
			t.Fatal(err)
		}
		if r.rollups != step.want {
			t.Errorf("%v later rollups were read %d times, want %d", step.later, r.rollups, step.want)
		}
	}
}
