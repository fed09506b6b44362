package sketch_test

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/flowscope/flowscope/internal/sketch"
)

func TestRecorderIsASketch(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test repeats
	var want, got sketch.Sketch
	var r sketch.Recorder
	for range 70_000 { // more than one of its counts holds
		want.Add(1000)
		r.Add(1000)
	}
	for range 20_000 {
		ns := int64(random.ExpFloat64() * 1e6)
		if random.IntN(50) == 0 {
			ns = random.Int64N(1 << 40)
		}
		if random.IntN(50) == 0 {
			ns = -random.Int64N(3)
		}
		want.Add(ns)
		r.Add(ns)
	}
	r.AddTo(&got)
	if !reflect.DeepEqual(got.Buckets(), want.Buckets()) || got.Count() != want.Count() || got.Zero() != want.Zero() ||
		got.Min() != want.Min() || got.Max() != want.Max() || got.Quantile(.99) != want.Quantile(.99) {
		t.Errorf("recorder has %d values, p99 %v; sketch %d, %v", got.Count(), got.Quantile(.99), want.Count(), want.Quantile(.99))
	}
}
