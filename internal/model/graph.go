package model

import "github.com/flowscope/flowscope/internal/sketch"

// NodeKind says what a node of a flow graph stands for.
type NodeKind uint8

// The kinds of node. All but NodeService are virtual: they have no spans of
// their own and are known from the client and producer spans that call them.
const (
	NodeService NodeKind = iota
	NodeDatabase
	NodeQueue
	NodeExternal
)

// Node identifies a node of a flow graph. It is comparable.
type Node struct {
	Kind      NodeKind
	Namespace string // of a service; empty otherwise
	Name      string
}

var nodeSchemes = [...]string{NodeDatabase: "database:", NodeQueue: "queue:", NodeExternal: "external:"}

// String names the kind as the API does.
func (k NodeKind) String() string {
	return [...]string{"service", "database", "queue", "external"}[k]
}

// ID is the node as one string: "namespace/name" or "name" for a service,
// "database:name", "queue:name" or "external:name" for a virtual node.
func (n Node) ID() string {
	switch {
	case n.Kind != NodeService:
		return nodeSchemes[n.Kind] + n.Name
	case n.Namespace != "":
		return n.Namespace + "/" + n.Name
	default:
		return n.Name
	}
}

// Edge identifies calls from one node to another. It is comparable.
type Edge struct{ From, To Node }

// NodeStats is what a node did: the requests it served (its entry spans, or
// the calls to a virtual node), in which time.
type NodeStats struct {
	Requests int64
	Errors   int64
	Latency  sketch.Sketch
	Self     int64 // ns in the node's own code: durations less the union of their children
	Critical int64 // ns of critical paths that were spent in the node
}

// EdgeStats is what calls along an edge did.
type EdgeStats struct {
	Calls   int64
	Errors  int64         // calls that failed on either side
	Retries int64         // calls that repeat a failed one
	Breaks  int64         // calls that an open circuit breaker refused
	Latency sketch.Sketch // the caller's view where it has a client span
}

// Graph is a flow graph: of one trace, or of many added up. The zero Graph is
// not ready to use; NewGraph is.
type Graph struct {
	Nodes map[Node]*NodeStats
	Edges map[Edge]*EdgeStats
}

// NewGraph returns an empty graph.
func NewGraph() *Graph {
	return &Graph{Nodes: map[Node]*NodeStats{}, Edges: map[Edge]*EdgeStats{}}
}

// Node returns the stats of n, making them when n is new.
func (g *Graph) Node(n Node) *NodeStats {
	s := g.Nodes[n]
	if s == nil {
		s = &NodeStats{}
		g.Nodes[n] = s
	}
	return s
}

// Edge returns the stats of e, making them when e is new.
func (g *Graph) Edge(e Edge) *EdgeStats {
	s := g.Edges[e]
	if s == nil {
		s = &EdgeStats{}
		g.Edges[e] = s
	}
	return s
}

func count(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// Merge adds another graph to this one.
func (g *Graph) Merge(o *Graph) {
	for n, from := range o.Nodes {
		s := g.Node(n)
		s.Requests += from.Requests
		s.Errors += from.Errors
		s.Self += from.Self
		s.Critical += from.Critical
		s.Latency.Merge(&from.Latency)
	}
	for e, from := range o.Edges {
		g.Edge(e).Merge(from)
	}
}

// Merge adds calls along another edge, or along the same.
func (s *EdgeStats) Merge(o *EdgeStats) {
	s.Calls += o.Calls
	s.Errors += o.Errors
	s.Retries += o.Retries
	s.Breaks += o.Breaks
	s.Latency.Merge(&o.Latency)
}
