package analyze

import (
	"slices"
	"testing"

	"github.com/flowscope/flowscope/internal/model"
)

// web calls the service shop/pay, and there are calls to outside systems of
// similar names, which nobody answered.
func TestResolve(t *testing.T) {
	web, pay := model.Node{Name: "web"}, model.Node{Namespace: "shop", Name: "pay"}
	for name, want := range map[string]bool{
		"pay": true, "pay:8080": true, "pay.shop": true, "pay.shop:80": true,
		"pay.blue.svc": true, "pay.blue.svc.cluster.local:80": true,
		"pay.example.com": false, "pay.example": false, "payments": false, "10.0.0.7:8080": false,
	} {
		g, outside := model.NewGraph(), model.Node{Kind: model.NodeExternal, Name: name}
		add := func(from, to model.Node, ns int64, failed bool) {
			g.AddFlow(&model.Flow{
				Shape:  &model.Shape{Nodes: []model.Node{to}, Edges: []model.Edge{{From: from, To: to}}},
				Calls:  []model.Call{{Latency: ns, Failed: failed}},
				Visits: []model.Visit{{Requests: 1, Self: ns}}, Latencies: []int64{ns},
			}, 1)
		}
		add(web, pay, 50, false)
		add(web, outside, 3, true)
		Resolve(g)
		edge, left := g.Edges[model.Edge{From: web, To: pay}], g.Nodes[outside]
		if !want {
			if edge.Calls != 1 || left == nil || len(g.Edges) != 2 {
				t.Errorf("%s was taken for the service", name)
			}
			continue
		}
		if edge.Calls != 2 || edge.Errors != 1 || edge.Latency.Count() != 2 || left != nil || len(g.Edges) != 1 ||
			g.Nodes[pay].Requests != 1 || g.Nodes[pay].Self != 53 {
			t.Errorf("%s: %+v, %+v, %v", name, edge, g.Nodes[pay], left)
		}
	}
}

// Only callers that are known to call the service mean it; what the others call
// stays. A service that was not called after all is not known.
func TestResolveByCaller(t *testing.T) {
	g := model.NewGraph()
	outside := model.Node{Kind: model.NodeExternal, Name: "pay"}
	web, batch, pay, gone := model.Node{Name: "web"}, model.Node{Name: "batch"}, model.Node{Name: "pay"}, model.Node{Name: "gone"}
	for e, ns := range map[model.Edge]int64{
		{From: web, To: pay}: 50, {From: web, To: outside}: 3, {From: batch, To: outside}: 5,
		{From: web, To: model.Node{Kind: model.NodeExternal, Name: "gone"}}: 7,
	} {
		s := g.Edge(e)
		s.Calls = 1
		s.Latency.Add(ns)
		n := g.Node(e.To)
		n.Requests, n.Self = n.Requests+1, n.Self+ns
		n.Latency.Add(ns)
	}
	g.Edge(model.Edge{From: web, To: gone})
	Resolve(g)
	n := g.Nodes[outside]
	if n == nil || n.Requests != 1 || n.Latency.Sum() != 5 || n.Self != 8 || g.Edges[model.Edge{From: batch, To: outside}].Calls != 1 {
		t.Errorf("%+v", n)
	}
	if g.Edges[model.Edge{From: web, To: pay}].Calls != 2 || g.Edges[model.Edge{From: web, To: gone}].Calls != 0 {
		t.Error("the calls of web are wrong")
	}
}

// What a flow counts must not depend on flows before it, or it could not be
// counted again and taken away.
func TestCountsRestOnSpansAlone(t *testing.T) {
	a := New(Config{})
	refused := drawn(t, "refused", `
web: GET / [server]           |====
  web: GET pay [client]       | x    server.address=pay`)
	before := asJSON(t, a.Flow(refused))
	a.Count(drawn(t, "answered", `
web: GET / [server]           |====
  web: GET pay [client]       | ==   server.address=pay
    pay: GET [server]         | ==`))
	if after := asJSON(t, a.Flow(refused)); after != before {
		t.Errorf("got\n%s\nwant\n%s", after, before)
	}
	if calls := a.view(refused).Flow.Shape.Edges; !slices.ContainsFunc(calls, func(e model.Edge) bool { return e.To.ID() == "pay" }) {
		t.Errorf("but it is shown so: %+v", calls)
	}
}
