package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"reflect"
	"strings"
	"testing"
)

// ask posts a GraphQL query and decodes its data.
func (p *process) ask(query string, variables map[string]any, data any) error {
	body, err := json.Marshal(map[string]any{"query": query, "variables": variables})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.api+"/graphql", strings.NewReader(string(body)))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	status, answer := p.do(req)
	envelope := struct {
		Data   any
		Errors []struct{ Message string }
	}{Data: data}
	if err := json.Unmarshal(answer, &envelope); err != nil || status != http.StatusOK || len(envelope.Errors) > 0 {
		return fmt.Errorf("status %d: %s (%w)", status, answer, err)
	}
	return nil
}

// operationFigures are what REST and GraphQL both say of an operation.
type operationFigures struct {
	Name                                           string
	Count, ErrorCount                              int64
	AvgLatency, P50Latency, P95Latency, P99Latency float64
}

// TestGraphQL asks a server for what the load generator sent, over REST and
// over GraphQL, down to the spans of a page of flows.
func TestGraphQL(t *testing.T) {
	p := serve(t, t.TempDir())
	load := exec.Command(binary, "load", "--spans=5000", "--endpoint", strings.TrimPrefix(p.otlp, "http://"))
	if out, err := load.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p.eventually("all flows", func() error {
		var status struct {
			Status struct{ SpansStored, TracesOpen int64 }
		}
		if err := p.ask(`{ status { spansStored tracesOpen } }`, nil, &status); err != nil {
			return err
		}
		if s := status.Status; s.SpansStored < 5000 || s.TracesOpen > 0 {
			return fmt.Errorf("%+v", s)
		}
		return nil
	})
	var rest struct{ Operations []operationFigures }
	if err := p.getJSON("/api/v1/operations", &rest); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Operations struct {
			Edges []struct{ Node operationFigures }
		}
		Flows struct {
			TotalCount int
			Edges      []struct {
				Node struct {
					SpanCount int
					Graph     struct{ Nodes []struct{ ID string } }
					Trace     struct{ Spans []struct{ ID string } }
				}
			}
		}
	}
	if err := p.ask(`query($first: Int) {
		operations { edges { node { name count errorCount avgLatency p50Latency p95Latency p99Latency } } }
		flows(first: $first) { totalCount edges { node { spanCount graph { nodes { id } } trace { spans { id } } } } }
	}`, map[string]any{"first": 100}, &got); err != nil {
		t.Fatal(err)
	}
	var operations []operationFigures
	for _, e := range got.Operations.Edges {
		operations = append(operations, e.Node)
	}
	if len(operations) < 2 || !reflect.DeepEqual(operations, rest.Operations) {
		t.Errorf("GraphQL says %+v\nREST says %+v", operations, rest.Operations)
	}
	if len(got.Flows.Edges) != 100 || got.Flows.TotalCount < 100 {
		t.Errorf("%d flows of %d", len(got.Flows.Edges), got.Flows.TotalCount)
	}
	for _, e := range got.Flows.Edges {
		if len(e.Node.Trace.Spans) != e.Node.SpanCount || len(e.Node.Graph.Nodes) == 0 {
			t.Errorf("%d spans of %d, %d nodes", len(e.Node.Trace.Spans), e.Node.SpanCount, len(e.Node.Graph.Nodes))
		}
	}
}
