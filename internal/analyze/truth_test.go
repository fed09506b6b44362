package analyze

import (
	"testing"

	"github.com/flowscope/flowscope/internal/analyze/analyzetest"
	"github.com/flowscope/flowscope/internal/model"
)

// Flows of a known topology roll up to exactly its edges and counts.
func TestGroundTruth(t *testing.T) {
	for seed := range uint64(5) {
		truth := analyzetest.Generate(analyzetest.Plan{
			Seed: seed, Services: 8, Operations: 4, Flows: 200, Start: analyzetest.Epoch, FailEvery: 20,
		})
		a := New(Config{})
		total := model.NewGraph()
		operations := map[string]*model.Graph{}
		for _, trace := range analyzetest.Traces(analyzetest.Batch(truth.Spans)) {
			f := a.Count(trace)
			total.AddFlow(f, 1)
			if operations[f.Operation] == nil {
				operations[f.Operation] = model.NewGraph()
			}
			operations[f.Operation].AddFlow(f, 1)
		}
		for _, wrong := range truth.Total.Check(total) {
			t.Errorf("seed %d: %s", seed, wrong)
		}
		if len(operations) != len(truth.Operations) {
			t.Errorf("seed %d: %d operations, want %d", seed, len(operations), len(truth.Operations))
		}
		for name, g := range operations {
			for _, wrong := range truth.Operations[name].Check(g) {
				t.Errorf("seed %d: %s: %s", seed, name, wrong)
			}
		}
	}
}
