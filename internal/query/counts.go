package query

import (
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/sketch"
)

// Counts is how many flows ran over a period and how they did.
type Counts struct {
	Total     int64
	Success   int64
	Errors    int64 // flows that failed, timeouts included
	Timeouts  int64
	ErrorRate float64 // Errors/Total
	Rate      float64 // flows a second
	Latency   Latency
}

// tally adds up the flows of rollups without their graphs.
type tally struct {
	flows, errors, timeouts int64
	lastSeen                int64
	latency                 sketch.Sketch
}

func (t *tally) add(r *model.Rollup) {
	t.flows += r.Flows
	t.errors += r.Errors
	t.timeouts += r.Timeouts
	t.lastSeen = max(t.lastSeen, r.LastSeen)
	t.latency.Merge(&r.Latency)
}

func (t *tally) counts(seconds float64) Counts {
	return Counts{
		Total:     t.flows,
		Success:   t.flows - t.errors,
		Errors:    t.errors,
		Timeouts:  t.timeouts,
		ErrorRate: share(t.errors, t.flows),
		Rate:      float64(t.flows) / seconds,
		Latency:   latencyOf(&t.latency),
	}
}
