package e2e

import (
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/analyze/analyzetest"
	"github.com/flowscope/flowscope/internal/encode"
	"github.com/flowscope/flowscope/internal/model"
)

// graph is a flow graph as the API answers it.
type graph struct {
	FlowCount int64
	Nodes     []struct {
		ID      string
		Metrics figures
	}
	Edges []struct {
		From, To  string
		CallCount int64
		figures
	}
}

type figures struct {
	RequestCount, ErrorCount           int64
	P50Latency, P95Latency, P99Latency float64 // ms
}

// TestGroundTruth sends flows whose graph is known and asks for it: edges and
// counts must be exact, percentiles within 1 %. It asks again after a restart.
func TestGroundTruth(t *testing.T) {
	truth := analyzetest.Generate(analyzetest.Plan{Seed: 7, Services: 20, Operations: 6, Flows: 1500, FailEvery: 20, Start: time.Now().Add(-30 * time.Minute).UnixNano()})
	data := t.TempDir()
	p := serve(t, data, "--trace-quiet=500ms", "--head-age=2s")
	p.sendBatch(analyzetest.Batch(truth.Spans))
	p.eventually("the truth", func() error { return p.checkTruth(truth) })
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	p = serve(t, data)
	p.eventually("the truth after a restart", func() error { return p.checkTruth(truth) })
}

// sendBatch posts a batch in requests of a thousand spans.
func (p *process) sendBatch(b *model.Batch) {
	p.t.Helper()
	const perRequest = 1000
	for from := 0; from < b.Len(); from += perRequest {
		var spans []model.Span
		for i := from; i < min(from+perRequest, b.Len()); i++ {
			spans = append(spans, b.Span(i))
		}
		if status, answer := p.post("application/x-protobuf", "", encode.Proto(nil, spans)); status != http.StatusOK {
			p.t.Fatalf("export answered %d %q", status, answer)
		}
	}
}

func (p *process) checkTruth(truth *analyzetest.Truth) error {
	if err := p.checkGraph("/api/v1/dependencies?startTime=now-1h", &truth.Total); err != nil {
		return err
	}
	for name, sums := range truth.Operations {
		path := "/api/v1/operations/" + url.PathEscape(name) + "/graph?startTime=now-1h"
		if err := p.checkGraph(path, sums); err != nil {
			return err
		}
	}
	return nil
}

func (p *process) checkGraph(path string, want *analyzetest.Sums) error {
	var got graph
	if err := p.getJSON(path, &got); err != nil {
		return err
	}
	edges := maps.Clone(want.Edges)
	for _, e := range got.Edges {
		for edge, counts := range edges {
			if edge.From.ID() != e.From || edge.To.ID() != e.To {
				continue
			}
			if e.CallCount != counts.Calls || e.ErrorCount != counts.Errors {
				return fmt.Errorf("%s: %s → %s: %d calls, %d errors, want %d and %d", path, e.From, e.To, e.CallCount, e.ErrorCount, counts.Calls, counts.Errors)
			}
			if err := checkPercentiles(e.figures, counts.Latencies); err != nil {
				return fmt.Errorf("%s: %s → %s: %w", path, e.From, e.To, err)
			}
			delete(edges, edge)
		}
	}
	if len(edges) > 0 || len(got.Edges) != len(want.Edges) {
		return fmt.Errorf("%s: %d edges, want %d; missing or wrong: %v", path, len(got.Edges), len(want.Edges), edges)
	}
	return nil
}

func checkPercentiles(got figures, latencies []int64) error {
	for q, ms := range map[float64]float64{0.5: got.P50Latency, 0.95: got.P95Latency, 0.99: got.P99Latency} {
		want := float64(analyzetest.Quantile(latencies, q)) / float64(time.Millisecond)
		if math.Abs(ms-want) > analyzetest.Tolerance*want {
			return fmt.Errorf("p%v is %v ms, want %v", 100*q, ms, want)
		}
	}
	return nil
}
