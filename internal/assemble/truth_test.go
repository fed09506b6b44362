package assemble

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowscope/flowscope/internal/analyze/analyzetest"
)

// However spans come (in any order, split over batches, minutes late, batches
// twice, with little memory), what is counted in the end is the truth.
func TestGroundTruth(t *testing.T) {
	for seed := range uint64(10) {
		synctest.Test(t, func(t *testing.T) { testTruth(t, seed) })
	}
}

func testTruth(t *testing.T, seed uint64) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 7))
	truth := analyzetest.Generate(analyzetest.Plan{
		Seed: seed, Services: 8, Operations: 4, Flows: 200, Start: analyzetest.Epoch, FailEvery: 20,
	})
	config := Config{}
	if seed%2 == 1 {
		config = Config{Deadline: 5 * time.Second, Linger: 5 * time.Second, MaxTraces: 100}
	}
	b := start(t, config, newRecord())
	slots := make([][]analyzetest.Span, 60)
	for _, s := range truth.Spans {
		slot := int(s.TraceID[15]) % 20
		if rng.IntN(10) == 0 {
			slot = rng.IntN(len(slots))
		}
		slots[slot] = append(slots[slot], s)
	}
	for _, spans := range slots {
		rng.Shuffle(len(spans), func(i, j int) { spans[i], spans[j] = spans[j], spans[i] })
		b.send(spans...)
		if rng.IntN(3) == 0 {
			pass(time.Minute)
			b.send(spans...) // its sender did not hear that it was taken
		}
		pass(time.Duration(rng.IntN(5000)) * time.Millisecond)
	}
	pass(5 * time.Minute)

	stats := b.Stats()
	if b.counts != 200 || stats.Open != 0 || stats.Bytes != 0 || stats.Corrected == 0 || stats.Unchanged == 0 {
		t.Errorf("seed %d: %d counted, %+v", seed, b.counts, stats)
	}
	for _, wrong := range truth.Total.Check(b.rollup.Graph) {
		t.Errorf("seed %d: %s", seed, wrong)
	}
	if b.rollup.Errors != truth.Total.Failed || b.rollup.Flows != truth.Total.Flows {
		t.Errorf("seed %d: %d of %d flows failed, want %d of %d", seed,
			b.rollup.Errors, b.rollup.Flows, truth.Total.Failed, truth.Total.Flows)
	}
}
