package query_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/query"
	"github.com/flowscope/flowscope/internal/query/querytest"
)

// BenchmarkDependenciesOfAWeek merges a week of eight operations: 80,640
// rollups of six nodes and five edges each.
func BenchmarkDependenciesOfAWeek(b *testing.B) {
	const buckets, operations = 7 * 24 * 60, 8
	r := querytest.New(analyze.Config{})
	for at := range int64(buckets) {
		for op := range operations {
			r.AddFlow(chain(op, querytest.Epoch+at*minute), 1)
		}
	}
	period := query.Period{From: querytest.Epoch, To: querytest.Epoch + buckets*minute}
	e := query.New(r, analyze.Config{}, func() time.Time { return time.Unix(0, period.To) })
	b.ReportAllocs()
	for b.Loop() {
		d, err := e.Dependencies(b.Context(), query.Filter{Period: period})
		if err != nil || len(d.Graph.Nodes) != 6+operations-1 {
			b.Fatalf("%d nodes (%v)", len(d.Graph.Nodes), err)
		}
	}
}

// chain is a flow of an operation through six services, five of them shared
// with its neighbours.
func chain(operation int, start int64) *model.Flow {
	f := &model.Flow{FlowSummary: &model.FlowSummary{
		Operation: fmt.Sprint("op", operation), Start: start, End: start + int64(time.Second), Duration: int64(time.Second),
	}, Shape: new(model.Shape)}
	for i := range 6 {
		n := service("shop", fmt.Sprint("service", operation+i))
		latencies := make([]int64, 20) // a distribution, not a point
		for k := range latencies {
			latencies[k] = int64(1_000_000 * (1 + (i*7+k*k+int(start/minute))%400))
		}
		f.Shape.Nodes = append(f.Shape.Nodes, n)
		f.Visits = append(f.Visits, model.Visit{Requests: 20, Self: 5, Critical: 5})
		f.Latencies = append(f.Latencies, latencies...)
		if i == 0 {
			continue
		}
		for _, ns := range latencies {
			f.Shape.Edges = append(f.Shape.Edges, model.Edge{From: f.Shape.Nodes[i-1], To: n})
			f.Calls = append(f.Calls, model.Call{Latency: ns})
		}
	}
	return f
}
