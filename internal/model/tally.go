package model

// Tally is where in a graph the flows of one shape are counted, looked up once.
// It is good until something is removed from the graph.
type Tally struct {
	nodes []*NodeStats
	edges []*EdgeStats
}

// Tally looks up the nodes and edges of a shape, making those that are new.
func (g *Graph) Tally(s *Shape) Tally {
	t := Tally{make([]*NodeStats, len(s.Nodes)), make([]*EdgeStats, len(s.Edges))}
	for i, n := range s.Nodes {
		t.nodes[i] = g.Node(n)
	}
	for i, e := range s.Edges {
		t.edges[i] = g.Edge(e)
	}
	return t
}

// Add adds the visits and calls of a flow of the shape, or takes them away again
// when sign is -1 because the flow is about to be counted anew.
func (t Tally) Add(f *Flow, sign int64) {
	latencies := f.Latencies
	for i := range f.Visits {
		v, s := &f.Visits[i], t.nodes[i]
		s.Requests += sign * int64(v.Requests)
		s.Errors += sign * int64(v.Errors)
		s.Self += sign * v.Self
		s.Critical += sign * v.Critical
		for _, ns := range latencies[:v.Requests] {
			s.Latency.AddN(ns, sign)
		}
		latencies = latencies[v.Requests:]
	}
	for i := range f.Calls {
		c, s := &f.Calls[i], t.edges[i]
		s.Calls += sign
		s.Errors += sign * count(c.Failed)
		s.Retries += sign * count(c.Retry)
		s.Breaks += sign * count(c.Broken)
		s.Latency.AddN(c.Latency, sign)
	}
}

// AddFlow adds a flow, or takes it away again when sign is -1.
func (g *Graph) AddFlow(f *Flow, sign int64) { g.Tally(f.Shape).Add(f, sign) }
