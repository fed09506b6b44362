package query_test

import (
	"slices"
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/analyze/analyzetest"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/query"
	"github.com/flowscope/flowscope/internal/query/querytest"
)

// A refused connection is on the edge of the service that did not answer,
// wherever it is asked for, although the flow before it answered.
func TestRefusedConnectionStaysOnItsEdge(t *testing.T) {
	answered, err := analyzetest.Draw("answered", `
shop/web: GET / [server]       |====
  shop/web: GET pay [client]   | ==   server.address=pay server.port=80
    shop/pay: GET [server]     | ==`)
	if err != nil {
		t.Fatal(err)
	}
	refused, err := analyzetest.Draw("refused", `
shop/web: GET / [server]       |====
  shop/web: GET pay [client]   | xx   server.address=pay server.port=80`)
	if err != nil {
		t.Fatal(err)
	}
	r := querytest.New(analyze.Config{}, analyzetest.Batch(append(refused, answered...)))
	e := query.New(r, analyze.Config{}, func() time.Time { return time.Unix(0, analyzetest.Epoch+minute) })
	f := query.Filter{Period: query.Period{From: analyzetest.Epoch, To: analyzetest.Epoch + minute}, Operation: "GET /"}

	all, err := e.Dependencies(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	operation, err := e.OperationGraph(t.Context(), f)
	if err != nil {
		t.Fatal(err)
	}
	trace, err := e.Trace(t.Context(), refused[0].TraceID)
	if err != nil {
		t.Fatal(err)
	}
	web, pay := service("shop", "web"), service("shop", "pay")
	for what, want := range map[string]struct {
		graph  query.Graph
		calls  int64
		served int64
	}{"dependencies": {all.Graph, 2, 1}, "operation": {operation.Graph, 2, 1}, "trace": {trace.Graph, 1, 0}} {
		g := want.graph
		if len(g.Edges) != 1 || g.Edges[0].From != web || g.Edges[0].To != pay || g.Edges[0].Calls != want.calls || g.Edges[0].Errors != 1 {
			t.Errorf("%s: edges %+v", what, g.Edges)
		}
		if len(g.Nodes) != 2 || g.Nodes[0].Node != pay || g.Nodes[0].Requests != want.served {
			t.Errorf("%s: nodes %+v", what, g.Nodes)
		}
	}
	f.Service = "web"
	if d, err := e.Service(t.Context(), f); err != nil || !slices.Equal(d.Downstream, []model.Node{pay}) {
		t.Errorf("web calls %v (%v)", d.Downstream, err)
	}
}
