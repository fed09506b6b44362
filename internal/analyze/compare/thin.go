package compare

import (
	"math"
	"slices"
)

// Thin is an edge with fewer calls on a side than bound a quantile that a gate
// holds it to.
type Thin struct {
	Operation string
	From, To  string
	Measure   Measure
	Least     int64    // calls that it takes on both sides
	Calls     [2]int64 // of the baseline and the candidate
}

// Thin returns the edges of both sides that have too few calls for the gate's
// quantiles, by measure as the gate names them, then by operation and edge.
func (g Gate) Thin(base, candidate *Profile) []Thin {
	var out []Thin
	for _, t := range g {
		q, is := quantiles()[t.of]
		if is && !slices.ContainsFunc(out, func(one Thin) bool { return one.Measure == t.of }) {
			out = append(out, thin(base, candidate, t.of, q)...)
		}
	}
	return out
}

func thin(base, candidate *Profile, of Measure, q float64) []Thin {
	var out []Thin
	for i := range candidate.Operations {
		op := &candidate.Operations[i]
		at := slices.IndexFunc(base.Operations, func(o Operation) bool { return o.Name == op.Name })
		if at < 0 {
			continue
		}
		before, after := newSide(&base.Operations[at]), newSide(op)
		for _, p := range union(before.edges, after.edges) {
			a, b := before.edges[p], after.edges[p]
			if a == nil || b == nil {
				continue
			}
			one := Thin{op.Name, p.from, p.to, of, bounding(q), [2]int64{a.Latency.Count(), b.Latency.Count()}}
			if min(one.Calls[0], one.Calls[1]) < one.Least {
				out = append(out, one)
			}
		}
	}
	return out
}

func quantiles() map[Measure]float64 { return map[Measure]float64{P50: 0.50, P95: 0.95, P99: 0.99} }

// bounding is how many samples bound a quantile at 99 %: all of fewer may well be
// below it.
func bounding(q float64) int64 { return int64(math.Ceil(math.Log(tail(zMedium)) / math.Log(q))) }
