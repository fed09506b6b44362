package query

import (
	"cmp"
	"slices"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/model"
)

// Graph is a flow graph with its figures worked out, nodes and edges sorted
// by id.
type Graph struct {
	Nodes []Node
	Edges []Edge
}

// Node is a node of a Graph.
type Node struct {
	model.Node
	Info          ServiceInfo
	Requests      int64
	Errors        int64
	ErrorRate     float64
	Latency       Latency
	SelfTime      float64 // ms in all
	CriticalShare float64 // of all critical paths, 0 to 1
	Status        analyze.NodeStatus
}

// Edge is an edge of a Graph.
type Edge struct {
	model.Edge
	Calls     int64
	Errors    int64
	ErrorRate float64
	Latency   Latency
	Retries   int64
	Breaks    int64 // calls that an open circuit breaker refused
}

// criticalTime is the length of all critical paths through g, ns.
func criticalTime(g *model.Graph) (sum int64) {
	for _, s := range g.Nodes {
		sum += s.Critical
	}
	return sum
}

// graph works out the figures of g, which may be a part of the graph that has
// the critical paths. Nodes and edges whose calls were all taken back by
// corrections are left out. A node may have had no requests: one that a circuit
// breaker kept all calls from.
func (e *Engine) graph(g *model.Graph, in infos, critical int64) Graph {
	out := Graph{Nodes: make([]Node, 0, len(g.Nodes)), Edges: make([]Edge, 0, len(g.Edges))}
	joined := map[model.Node]bool{}
	for edge, s := range g.Edges {
		if s.Calls > 0 {
			out.Edges = append(out.Edges, edgeOf(edge, s))
			joined[edge.From], joined[edge.To] = true, true
		}
	}
	for n, s := range g.Nodes {
		if s.Requests > 0 || s.Self > 0 || joined[n] {
			out.Nodes = append(out.Nodes, e.node(n, s, in.of(n), critical))
		}
	}
	slices.SortFunc(out.Nodes, func(a, b Node) int { return cmp.Compare(a.ID(), b.ID()) })
	slices.SortFunc(out.Edges, func(a, b Edge) int {
		return cmp.Or(cmp.Compare(a.From.ID(), b.From.ID()), cmp.Compare(a.To.ID(), b.To.ID()))
	})
	return out
}

func (e *Engine) node(n model.Node, s *model.NodeStats, info ServiceInfo, critical int64) Node {
	return Node{
		Node:          n,
		Info:          info,
		Requests:      s.Requests,
		Errors:        s.Errors,
		ErrorRate:     share(s.Errors, s.Requests),
		Latency:       latencyOf(&s.Latency),
		SelfTime:      millis(float64(s.Self)),
		CriticalShare: share(s.Critical, critical),
		Status:        e.analyze.NodeStatus(s.Requests, s.Errors),
	}
}

// edgeOf works out the figures of an edge. What counts as a break rests on the
// calls before it, so a correction may take away one that was not counted.
func edgeOf(e model.Edge, s *model.EdgeStats) Edge {
	return Edge{
		Edge:      e,
		Calls:     s.Calls,
		Errors:    s.Errors,
		ErrorRate: share(s.Errors, s.Calls),
		Latency:   latencyOf(&s.Latency),
		Retries:   s.Retries,
		Breaks:    max(s.Breaks, 0),
	}
}
