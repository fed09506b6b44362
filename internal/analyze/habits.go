package analyze

import (
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

const (
	// burst is how many failures in a row of time make a breaker plausible:
	// breakers open after three to a handful.
	burst = 3
	// burstWindow is how long failures count: breakers stay open for seconds
	// to a minute, and failed probes and refused calls renew it.
	burstWindow = int64(30 * time.Second)
	// minSamples is how many calls make an edge's latency usual.
	minSamples = 20
	// maxEdges bounds the edges of one generation, about 200 bytes each.
	maxEdges = 20_000
)

// edge is a pair of nodes.
type edge struct{ from, to int32 }

// calleeName is a service as its caller would name it.
type calleeName struct {
	from int32
	name string
}

// habit is what is usual on an edge.
type habit struct {
	median   int64 // ns, of calls that did not fail
	samples  int64
	failures [burst]int64 // Unix ns of the last ones
	next     int
	refused  int64 // Unix ns of the last call that a breaker refused
	always   bool  // failures count whenever the call was
}

// habits remembers edges: those met since the last turn, and those of the turn
// before. When the young are full they become the old, and the old, which
// nobody has asked for in a whole turn, are forgotten.
type habits struct{ young, old generation }

type generation struct {
	edges   map[edge]*habit
	callees map[calleeName]int32
}

func newGeneration() generation {
	return generation{edges: map[edge]*habit{}, callees: map[calleeName]int32{}}
}

func newHabits() habits { return habits{young: newGeneration(), old: newGeneration()} }

// meet returns the habit of an edge, making it when it is new.
func (h *habits) meet(n *names, from, to int32) *habit {
	e := edge{from, to}
	if b := h.young.edges[e]; b != nil {
		return b
	}
	b := h.old.edges[e]
	if b == nil {
		b = &habit{}
	}
	if len(h.young.edges) >= maxEdges {
		h.old, h.young = h.young, newGeneration()
	}
	h.young.edges[e] = b
	if n.nodes[to].Kind == model.NodeService {
		h.young.callees[calleeName{from, n.nodes[to].Name}] = to
	}
	return b
}

// callee returns the service that from is known to call under a name, or none.
func (h *habits) callee(from int32, name string) int32 {
	key := calleeName{from, name}
	if to, ok := h.young.callees[key]; ok {
		return to
	}
	if to, ok := h.old.callees[key]; ok {
		return to
	}
	return none
}

// learn takes up what the flow at work, which ended at end, shows of the
// latencies and failures that are usual.
func (a *Analyzer) learn(end int64) {
	for i := range a.work.calls {
		c := &a.work.calls[i]
		b := a.habitOf(c.from, c.to)
		switch {
		case c.broken:
			b.refused = max(b.refused, end)
		case c.failed:
			b.failures[b.next] = end
			b.next = (b.next + 1) % burst
		default:
			b.sample(c.latency)
		}
	}
}

// habitOf returns the habit of an edge. Calls that a service did not answer are
// judged with those that it did.
func (a *Analyzer) habitOf(from, to int32) *habit {
	if service := a.serviceBehind(from, to); service != none {
		to = service
	}
	return a.habits.meet(&a.names, from, to)
}

// sample moves the estimate of the median a step of 1/32 towards a latency: it
// rests where as many are above as below (the frugal streaming median of Ma,
// Muthukrishnan and Sandler, 2013, with steps in proportion). Tenfold changes
// take some 75 calls, far less precision than a tenth needs.
func (b *habit) sample(ns int64) {
	b.samples++
	step := max(b.median/32, 1)
	switch {
	case b.samples == 1:
		b.median = ns
	case ns > b.median:
		b.median += step
	case ns < b.median:
		b.median -= step
	}
}

// bursting reports whether calls at a time follow a burst of failures.
func (b *habit) bursting(at int64) bool {
	if b.always || b.refused > at-burstWindow {
		return true
	}
	for _, failure := range b.failures {
		if failure <= at-burstWindow {
			return false
		}
	}
	return true
}

// recall learns from rolled-up graphs instead of flows. Where breakers refused
// calls in that time, or enough calls failed, all of it counts as a burst.
func (a *Analyzer) recall(usual *model.Graph) {
	for e, s := range usual.Edges {
		b := a.habits.meet(&a.names, a.names.node(e.From), a.names.node(e.To))
		b.median = int64(s.Latency.Quantile(0.5))
		b.samples = s.Calls - s.Errors
		b.always = s.Breaks > 0 || s.Errors >= burst
	}
}
