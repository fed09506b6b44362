package analyzetest

import (
	"fmt"
	"math"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/sketch"
)

// Tolerance is how far off a percentile may be.
const Tolerance = 0.01

// Check compares a rolled-up graph with the truth: edges, nodes and counts
// must be the same, percentiles within Tolerance. It returns what differs.
func (s *Sums) Check(g *model.Graph) []string {
	var wrong []string
	for e, want := range s.Edges {
		what := e.From.ID() + " -> " + e.To.ID()
		if got := g.Edges[e]; got == nil {
			wrong = append(wrong, what+" is missing")
		} else {
			wrong = append(wrong, want.check(what, got.Calls, got.Errors, &got.Latency)...)
		}
	}
	for n, want := range s.Nodes {
		if got := g.Nodes[n]; got == nil {
			wrong = append(wrong, n.ID()+" is missing")
		} else {
			wrong = append(wrong, want.check(n.ID(), got.Requests, got.Errors, &got.Latency)...)
		}
	}
	for e, got := range g.Edges {
		if s.Edges[e] == nil && got.Calls != 0 {
			wrong = append(wrong, fmt.Sprintf("%s -> %s should not be", e.From.ID(), e.To.ID()))
		}
	}
	for n, got := range g.Nodes {
		if s.Nodes[n] == nil && got.Requests != 0 {
			wrong = append(wrong, n.ID()+" should not be")
		}
	}
	return wrong
}

func (c *Counts) check(what string, calls, errors int64, latency *sketch.Sketch) []string {
	var wrong []string
	if calls != c.Calls || errors != c.Errors || latency.Count() != c.Calls {
		wrong = append(wrong, fmt.Sprintf("%s has %d calls, %d errors, %d latencies, want %d, %d, %d",
			what, calls, errors, latency.Count(), c.Calls, c.Errors, c.Calls))
	}
	for _, q := range []float64{0.5, 0.95, 0.99} {
		got, want := latency.Quantile(q), float64(Quantile(c.Latencies, q))
		if math.Abs(got-want) > Tolerance*want {
			wrong = append(wrong, fmt.Sprintf("%s has p%.0f %.0f ns, want %.0f", what, 100*q, got, want))
		}
	}
	return wrong
}
