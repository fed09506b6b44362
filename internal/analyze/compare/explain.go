package compare

import "slices"

const (
	// ownGrowth is the share, of what a call took and of its growth, by which its
	// own time may grow when the rest explains it.
	ownGrowth = 0.10
	// errorShare is how many times the errors of the edges below an edge's own may
	// be when they explain them: a failed call may be counted on several edges.
	errorShare = 1.2
	// callGrowth is how much more often each request may call.
	callGrowth = 0.05
)

// explain marks the changes that are consequences of others.
func (c *comparison) explain() {
	for i := range c.changes {
		found := &c.changes[i]
		p := pair{found.From, found.To}
		switch found.Kind {
		case Slower:
			if c.ownTimeHeld(p) {
				found.ExplainedBy = c.causes(p, c.below, Slower, Added, MoreCalls, MoreRetries)
			}
		case FailingMore:
			if causes := c.causes(p, c.below, FailingMore); c.errorsFrom(p, causes) {
				found.ExplainedBy = causes
			}
		case MoreCalls, Added:
			if c.callsHeld(p, found.Kind) {
				found.ExplainedBy = c.causes(p, c.above, MoreCalls, Added, MoreRetries)
			}
		case Removed:
			if c.sides[1].nodes[p.from] == nil { // nobody is there to call
				found.ExplainedBy = c.causes(p, c.above, Removed)
			}
		}
	}
	c.breakCircles()
}

func (c *comparison) below(p, other pair) bool { return other.from == p.to && other != p }
func (c *comparison) above(p, other pair) bool { return other.to == p.from && other != p }

// causes are the edges beside p that certainly changed in one of these ways.
func (c *comparison) causes(p pair, beside func(p, other pair) bool, kinds ...Kind) []Cause {
	var out []Cause
	for i := range c.changes {
		other := &c.changes[i]
		at := Cause{other.From, other.To}
		if beside(p, at.pair()) && other.Confidence != Low && slices.Contains(kinds, other.Kind) && !slices.Contains(out, at) {
			out = append(out, at)
		}
	}
	return out
}

// ownTimeHeld reports whether a call takes longer, and what it takes without the
// calls below it has hardly grown. Means tell nothing of a quantile that grows
// while they do not.
func (c *comparison) ownTimeHeld(p pair) bool {
	was, wasOwn, known := c.sides[0].times(p)
	is, isOwn, knownToo := c.sides[1].times(p)
	return known && knownToo && is > was && isOwn-wasOwn <= ownGrowth*min(was, is-was)
}

// times are the means of a call and of its own time, ns. What the callee's own
// calls lose on the way is in its self time, as that of its client spans, and in
// the own time of those calls: it is theirs.
func (s *side) times(p pair) (whole, own float64, known bool) {
	n := s.nodes[p.to]
	if n == nil || n.Requests == 0 {
		return 0, 0, false
	}
	self := float64(n.Self)
	for other, e := range s.edges {
		if other.from == p.to {
			self -= s.way(other) * float64(e.Calls)
		}
	}
	return s.edges[p].Latency.Mean(), s.way(p) + max(self, 0)/float64(n.Requests), true
}

// way is the mean of what a call takes without its callee, ns. A callee that is
// not waited for takes longer than the call.
func (s *side) way(p pair) float64 {
	n := s.nodes[p.to]
	if n == nil || n.Requests == 0 {
		return 0
	}
	return max(s.edges[p].Latency.Mean()-n.Latency.Mean(), 0)
}

// errorsFrom reports whether the edges below fail about as much more.
func (c *comparison) errorsFrom(p pair, causes []Cause) bool {
	below := 0.0
	for _, cause := range causes {
		below += c.moreErrors(cause.pair())
	}
	return len(causes) > 0 && c.moreErrors(p) <= errorShare*below
}

// moreErrors is how many more calls of a flow fail.
func (c *comparison) moreErrors(p pair) float64 {
	a, b := c.sides[0], c.sides[1]
	return float64(b.edges[p].Errors)/float64(b.flows) - float64(a.edges[p].Errors)/float64(a.flows)
}

// callsHeld reports whether each request of the caller calls as often as before,
// or the caller is new.
func (c *comparison) callsHeld(p pair, k Kind) bool {
	was, is := c.sides[0].nodes[p.from], c.sides[1].nodes[p.from]
	if k == Added {
		return was == nil
	}
	if was == nil || is == nil || was.Requests == 0 || is.Requests == 0 {
		return false
	}
	before := float64(c.sides[0].edges[p].Calls) / float64(was.Requests)
	now := float64(c.sides[1].edges[p].Calls) / float64(is.Requests)
	return now <= before*(1+callGrowth)
}

// breakCircles takes explanations away that lead to no change which stands for
// itself: edges of a circle must not explain each other.
func (c *comparison) breakCircles() {
	for i := range c.changes {
		found := &c.changes[i]
		if len(found.ExplainedBy) > 0 && !c.grounded(found, map[*Change]bool{}) {
			found.ExplainedBy = nil
		}
	}
}

func (c *comparison) grounded(found *Change, seen map[*Change]bool) bool {
	if found.Confidence != Low && len(found.ExplainedBy) == 0 {
		return true
	}
	seen[found] = true
	for _, cause := range found.ExplainedBy {
		for _, i := range c.at[cause.pair()] {
			if next := &c.changes[i]; !seen[next] && c.grounded(next, seen) {
				return true
			}
		}
	}
	return false
}
