package query_test

import (
	"errors"
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/analyze/analyzetest"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/query"
	"github.com/flowscope/flowscope/internal/query/querytest"
)

func TestFlowsWithGraphs(t *testing.T) {
	e, _ := shop()
	q := model.FlowQuery{Environment: "production", Limit: 5}
	page, err := e.Flows(t.Context(), q, true)
	if err != nil || page.Total != 13 || len(page.Flows) != 5 || len(page.Graphs) != 5 {
		t.Fatalf("%d of %d flows, %d graphs (%v)", len(page.Flows), page.Total, len(page.Graphs), err)
	}
	for i, g := range page.Graphs {
		if got := len(g.Edges); page.Flows[i].Operation == "checkout" && got != 3 {
			t.Errorf("flow %d has %d edges", i, got)
		}
	}
	bare, err := e.Flows(t.Context(), q, false)
	if err != nil || bare.Graphs != nil || len(bare.Flows) != 5 {
		t.Errorf("without graphs: %+v (%v)", bare, err)
	}
}

// The graph of a flow in a list and in its detail are the same.
func TestTrace(t *testing.T) {
	e, r := shop()
	page, err := r.Flows(t.Context(), model.FlowQuery{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range page.Flows {
		shown, err := e.Trace(t.Context(), f.TraceID)
		if err != nil {
			t.Fatal(err)
		}
		if shown.Flow.Operation != f.Operation || shown.Flow.Status != f.Status || len(shown.Spans) != int(f.SpanCount) {
			t.Errorf("trace %v: %+v, listed as %+v", f.TraceID, *shown.Flow.FlowSummary, f)
		}
	}
	if _, err := e.Trace(t.Context(), model.TraceID{9}); !errors.Is(err, model.ErrNotFound) {
		t.Errorf("an unknown trace returns %v", err)
	}
}

// The target of a refused call took no request, but its edge must have an end.
func TestGraphKeepsTheTargetOfRefusedCalls(t *testing.T) {
	usual, err := analyzetest.Draw("usual", `
web: GET / [server]     |==========
  web: GET pay [client] | ======     peer.service=pay
    pay: GET [server]   |  ====
`)
	if err != nil {
		t.Fatal(err)
	}
	spans, err := analyzetest.Draw("refused", `
web: GET / [server]     |==========
  web: GET pay [client] | x          peer.service=pay @message="circuit breaker is open"
`)
	if err != nil {
		t.Fatal(err)
	}
	r := querytest.New(analyze.Config{}, analyzetest.Batch(append(usual, spans...)))
	e := query.New(r, analyze.Config{}, func() time.Time { return shopEnd })
	shown, err := e.Trace(t.Context(), spans[0].TraceID)
	if err != nil {
		t.Fatal(err)
	}
	known := map[model.Node]bool{}
	for _, n := range shown.Graph.Nodes {
		known[n.Node] = true
	}
	if len(shown.Graph.Edges) != 1 || shown.Graph.Edges[0].Breaks != 1 {
		t.Fatalf("edges %+v", shown.Graph.Edges)
	}
	if edge := shown.Graph.Edges[0]; edge.To != service("", "pay") || !known[edge.From] || !known[edge.To] {
		t.Errorf("edge %v without its nodes %v", edge.Edge, known)
	}
}
