package assemble

import (
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/analyze/analyzetest"
	"github.com/flowscope/flowscope/internal/model"
)

// The whole way of a span: taken up, its trace analysed, let go.
func BenchmarkAssemble(b *testing.B) {
	truth := analyzetest.Generate(analyzetest.Plan{
		Seed: 1, Services: 8, Operations: 4, Flows: 500, Start: analyzetest.Epoch, FailEvery: 100,
	})
	batch := analyzetest.Batch(truth.Spans)
	size := int64(batch.Size())
	a := New(Config{}, analyze.New(analyze.Config{}), Lookup{}, func(_, _ *model.Flow) {})
	ids := batch.TraceIDs
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n++
		for i := range ids { // new traces every time
			ids[i][0], ids[i][1], ids[i][2] = byte(n), byte(n>>8), byte(n>>16)
		}
		a.take(batch, size)
		for a.settling.head != nil {
			a.finish(a.settling.head)
		}
		for a.lingering.head != nil {
			a.retire(a.lingering.head)
		}
		a.memory = newMemory(a.cfg.MaxRemembered, time.Hour)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n*batch.Len()), "ns/span")
}
