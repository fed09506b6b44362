package compare

import (
	"cmp"
	"math"
	"slices"

	"github.com/flowscope/flowscope/internal/sketch"
)

// Kind says what became of an edge. The words are stable.
type Kind string

// The kinds.
const (
	Added        Kind = "added"
	Removed      Kind = "removed"
	Slower       Kind = "slower"
	Faster       Kind = "faster"
	FailingMore  Kind = "failing more"
	FailingLess  Kind = "failing less"
	MoreCalls    Kind = "more calls"
	FewerCalls   Kind = "fewer calls"
	MoreRetries  Kind = "more retries"
	FewerRetries Kind = "fewer retries"
)

// Measure is what was compared. The words are stable.
type Measure string

// The measures: quantiles in ms, shares of calls, calls a flow.
const (
	P50     Measure = "p50"
	P95     Measure = "p95"
	P99     Measure = "p99"
	Errors  Measure = "errors"
	Retries Measure = "retries"
	Calls   Measure = "calls"
)

// Side is a measure of one side.
type Side struct {
	Value   float64  `json:"value"`
	Low     *float64 `json:"low,omitempty"`  // of its interval at 99 %
	High    *float64 `json:"high,omitempty"` // missing when there are too few samples for one
	Samples int64    `json:"samples"`        // calls; flows for calls a flow
}

// Change is one difference on one edge. From is empty for the requests that
// begin flows.
type Change struct {
	Operation   string     `json:"operation"`
	From        string     `json:"from"`
	To          string     `json:"to"`
	Kind        Kind       `json:"kind"`
	Measure     Measure    `json:"measure"`
	Baseline    Side       `json:"baseline"`
	Candidate   Side       `json:"candidate"`
	Delta       float64    `json:"delta"` // a share of the baseline's; for shares the difference; 0 for edges of one side
	Confidence  Confidence `json:"confidence"`
	ExplainedBy []Cause    `json:"explainedBy,omitempty"` // edges that this is a consequence of
}

// Cause is an edge whose own change explains another's.
type Cause struct {
	From string `json:"from"`
	To   string `json:"to"`
}

func (c Cause) pair() pair { return pair{c.From, c.To} }

// pair names an edge.
type pair struct{ from, to string }

// Below these a difference is none: twice the sketch's error, and rounding.
const (
	leastGrowth = 0.011
	leastShare  = 1e-9
)

// An uncertain difference is worth telling from here on.
const (
	notableGrowth = 0.10
	notableShare  = 0.01
)

// leastLatency, ms, is what a shorter latency counts as: clocks are no finer, and
// growth from nothing is a share of something.
const leastLatency = 0.001

// leastSamples is how many calls each side needs before a quantile is more than
// a hint: those that bound a p50. Three slow calls in a row are often one cause.
const leastSamples = 8

// Operations compares two sides of one operation, sorted by edge.
func Operations(base, candidate *Operation) []Change {
	c := comparison{name: candidate.Name, sides: [2]*side{newSide(base), newSide(candidate)}, at: map[pair][]int{}}
	for _, p := range union(c.sides[0].edges, c.sides[1].edges) {
		c.edge(p, c.sides[0].edges[p], c.sides[1].edges[p])
	}
	c.explain()
	return c.changes
}

// leastStarts is the share of flows that a node which others call must begin to
// have an edge from nowhere. Fewer may be requests whose callers' spans were lost.
const leastStarts = 0.05

// comparison is an answer in the making.
type comparison struct {
	name    string
	sides   [2]*side
	changes []Change
	at      map[pair][]int // the changes of an edge
}

// side is an operation by the names of its parts. The requests that begin flows
// are edges from nowhere. Those to a node that is called, too, have the latencies
// of all its requests: no others are kept.
type side struct {
	flows int64
	nodes map[string]*Node
	edges map[pair]*Edge
}

func newSide(op *Operation) *side {
	s := &side{op.Flows, map[string]*Node{}, map[pair]*Edge{}}
	called, calls := map[string]bool{}, map[string]int64{}
	for i := range op.Edges {
		e := &op.Edges[i]
		s.edges[pair{e.From, e.To}] = e
		called[e.To] = called[e.To] || e.From != e.To
		calls[e.To] += e.Calls
	}
	for i := range op.Nodes {
		n := &op.Nodes[i]
		s.nodes[n.ID] = n
		starts := Edge{To: n.ID, Calls: n.Requests, Errors: n.Errors, Latency: n.Latency}
		if called[n.ID] { // back, or by flows that begin elsewhere
			starts.Calls -= calls[n.ID]
			starts.Errors = min(op.Errors, n.Errors, starts.Calls) // flows end as their first request does
		}
		if starts.Calls > 0 && (!called[n.ID] || float64(starts.Calls) >= leastStarts*float64(op.Flows)) {
			s.edges[pair{to: n.ID}] = &starts
		}
	}
	return s
}

func union(a, b map[pair]*Edge) []pair {
	var all []pair
	for p := range a {
		all = append(all, p)
	}
	for p := range b {
		if a[p] == nil {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b pair) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	return all
}

func (c *comparison) edge(p pair, a, b *Edge) {
	n, m := c.sides[0].flows, c.sides[1].flows
	switch {
	case p.from == "" && c.elsewhere(p.to, a, b): // another edge leads there now, or did
	case a == nil:
		c.add(p, Change{Kind: Added, Measure: Calls, Baseline: rate(0, n), Candidate: rate(b.Calls, m), Confidence: missed(b.Calls, m, n)})
	case b == nil:
		c.add(p, Change{Kind: Removed, Measure: Calls, Baseline: rate(a.Calls, n), Candidate: rate(0, m), Confidence: missed(a.Calls, n, m)})
	default:
		c.latency(p, P50, 0.50, &a.Latency.Sketch, &b.Latency.Sketch)
		c.latency(p, P95, 0.95, &a.Latency.Sketch, &b.Latency.Sketch)
		c.latency(p, P99, 0.99, &a.Latency.Sketch, &b.Latency.Sketch)
		c.share(p, Errors, FailingMore, FailingLess, [4]int64{a.Errors, a.Calls, b.Errors, b.Calls})
		c.share(p, Retries, MoreRetries, FewerRetries, [4]int64{a.Retries, a.Calls, b.Retries, b.Calls})
		from, to := rate(a.Calls, n), rate(b.Calls, m)
		c.grown(p, Change{Measure: Calls, Baseline: from, Candidate: to, Confidence: ratesDiffer(a.Calls, n, b.Calls, m)}, from.Value, MoreCalls, FewerCalls)
	}
}

// elsewhere reports whether a node begins flows on one side only, and is there on
// the other.
func (c *comparison) elsewhere(node string, a, b *Edge) bool {
	return (a == nil && c.sides[0].nodes[node] != nil) || (b == nil && c.sides[1].nodes[node] != nil)
}

func (c *comparison) latency(p pair, of Measure, q float64, a, b *sketch.Sketch) {
	found := Change{Measure: of, Baseline: quantile(a, q), Candidate: quantile(b, q), Confidence: Low}
	for _, level := range levels() {
		if min(a.Count(), b.Count()) >= leastSamples && quantileSpan(a, q, level.z).apart(quantileSpan(b, q, level.z)) {
			found.Confidence = level.Confidence
			break
		}
	}
	c.grown(p, found, max(found.Baseline.Value, leastLatency), Slower, Faster)
}

// grown adds a change whose delta is a share of what the baseline's value counts
// as.
func (c *comparison) grown(p pair, found Change, of float64, more, less Kind) {
	found.Delta = (found.Candidate.Value - found.Baseline.Value) / of
	c.worth(p, found, leastGrowth, notableGrowth, more, less)
}

// share adds a change of hits among calls: those of the baseline, then the
// candidate's.
func (c *comparison) share(p pair, of Measure, more, less Kind, n [4]int64) {
	found := Change{Measure: of, Baseline: shareOf(n[0], n[1]), Candidate: shareOf(n[2], n[3]), Confidence: sharesDiffer(n[0], n[1], n[2], n[3])}
	found.Delta = found.Candidate.Value - found.Baseline.Value
	c.worth(p, found, leastShare, notableShare, more, less)
}

// worth adds a change that is large enough to tell of.
func (c *comparison) worth(p pair, found Change, least, notable float64, more, less Kind) {
	size := math.Abs(found.Delta)
	if size < least || (found.Confidence == Low && size < notable) {
		return
	}
	found.Kind = less
	if found.Delta > 0 {
		found.Kind = more
	}
	c.add(p, found)
}

func (c *comparison) add(p pair, found Change) {
	found.Operation, found.From, found.To = c.name, p.from, p.to
	c.at[p] = append(c.at[p], len(c.changes))
	c.changes = append(c.changes, found)
}

const nsPerMilli = 1e6

func quantile(s *sketch.Sketch, q float64) Side {
	in := quantileSpan(s, q, zMedium)
	return sideOf(s.Quantile(q)/nsPerMilli, span{in.low / nsPerMilli, in.high / nsPerMilli}, s.Count())
}

func shareOf(hits, n int64) Side {
	value := 0.0
	if n > 0 {
		value = float64(hits) / float64(n)
	}
	return sideOf(value, shareSpan(hits, n, zMedium), n)
}

func rate(calls, flows int64) Side {
	return Side{Value: float64(calls) / float64(flows), Samples: flows}
}

func sideOf(value float64, in span, n int64) Side {
	s := Side{Value: value, Low: &in.low, Samples: n}
	if !math.IsInf(in.high, 0) {
		s.High = &in.high
	}
	return s
}
