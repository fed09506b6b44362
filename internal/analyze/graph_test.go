package analyze

import (
	"slices"
	"testing"

	"github.com/flowscope/flowscope/internal/model"
)

func TestNodeStatus(t *testing.T) {
	strict := Config{DegradedAt: 0.001, DownAt: 0.1, DownCalls: 1}
	for _, c := range []struct {
		config           Config
		requests, errors int64
		want             NodeStatus
	}{
		{Config{}, 0, 0, NodeHealthy},
		{Config{}, 101, 1, NodeHealthy},
		{Config{}, 100, 1, NodeDegraded},
		{Config{}, 4, 4, NodeDegraded},
		{Config{}, 5, 2, NodeDegraded},
		{Config{}, 6, 3, NodeDown},
		{Config{}, 0, -1, NodeHealthy}, // only corrections are here
		{strict, 1000, 1, NodeDegraded},
		{strict, 10, 1, NodeDown},
	} {
		if got := c.config.NodeStatus(c.requests, c.errors); got != c.want {
			t.Errorf("%d of %d failed: %v, want %v", c.errors, c.requests, got, c.want)
		}
	}
}

// far -> web -> cart -> db, web -> pay -> cart, pay -> bank
func TestNeighbourhood(t *testing.T) {
	g := model.NewGraph()
	node := func(name string) model.Node { return model.Node{Name: name} }
	for _, e := range [][2]string{{"far", "web"}, {"web", "cart"}, {"web", "pay"}, {"pay", "cart"}, {"cart", "db"}, {"pay", "bank"}} {
		g.Node(node(e[0]))
		g.Node(node(e[1]))
		g.Edge(model.Edge{From: node(e[0]), To: node(e[1])}).Calls = 1
	}
	got := Neighbourhood(g, func(n model.Node) bool { return n.Name == "cart" })
	var nodes, edges []string
	for n := range got.Nodes {
		nodes = append(nodes, n.Name)
	}
	for e := range got.Edges {
		edges = append(edges, e.From.Name+">"+e.To.Name)
	}
	slices.Sort(nodes)
	slices.Sort(edges)
	if want := []string{"cart", "db", "pay", "web"}; !slices.Equal(nodes, want) {
		t.Errorf("nodes %v, want %v", nodes, want)
	}
	if want := []string{"cart>db", "pay>cart", "web>cart", "web>pay"}; !slices.Equal(edges, want) {
		t.Errorf("edges %v, want %v", edges, want)
	}
}

// What is rolled up tells the breaks and the refused connections of one trace.
func TestTraceAgainstRollup(t *testing.T) {
	trace := drawn(t, "refused", `
web: GET / [server]           |====
  web: GET slow [client]      | x    peer.service=slow`)
	usual := model.NewGraph()
	edge := model.Edge{From: model.Node{Name: "web"}, To: model.Node{Namespace: "shop", Name: "slow"}}
	s := usual.Edge(edge)
	s.Calls = 100
	s.Latency.AddN(50e6, 100)

	v := Trace(trace, Config{}, usual)
	if v.Flow.Shape.Edges[0] != edge || v.Spans[1].Broken || *v.Spans[1].Peer != edge.To {
		t.Errorf("no failures before: %+v, broken %v", v.Flow.Calls[0], v.Spans[1].Broken)
	}
	s.Errors = 10
	if v := Trace(trace, Config{}, usual); !v.Spans[1].Broken {
		t.Error("after a burst of failures it is not broken")
	}
	if v := Trace(trace, Config{}, nil); v.Spans[1].Broken || v.Flow.Shape.Edges[0].To.ID() != "external:slow" {
		t.Errorf("with nothing known: %+v", v.Flow.Calls[0])
	}
}

func TestFailure(t *testing.T) {
	v := Trace(drawn(t, "failure", `
web: GET / [server]           |xxxx  @message="no stock" error.type=OutOfStock @exception="shelf 7 is empty"
  web: silent [client]        | x`), Config{}, nil)
	f := v.Spans[0].Failure()
	if f.Message != "no stock" || f.Type != "OutOfStock" || f.Time != v.Spans[0].End() {
		t.Errorf("%+v", f)
	}
	if f := v.Spans[1].Failure(); f.Message != "silent failed" || f.Type != "" {
		t.Errorf("%+v", f)
	}
}
