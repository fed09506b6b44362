package sketch

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// maxError is the relative error the package promises.
const maxError = 0.0055

func TestQuantileWithinPromise(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var s Sketch
	values := make([]int64, 20_000)
	for i := range values {
		values[i] = int64(math.Exp(rng.NormFloat64()*2 + 14)) // around 1 ms, five decades wide
		s.Add(values[i])
	}
	slices.Sort(values)
	for _, q := range []float64{0, 0.01, 0.5, 0.9, 0.95, 0.99, 0.999, 1} {
		rank := min(max(int(math.Ceil(q*float64(len(values)))), 1), len(values))
		want := float64(values[rank-1])
		if got := s.Quantile(q); math.Abs(got-want) > maxError*want {
			t.Errorf("q%v = %v, want %v: off by %.3f %%", q, got, want, 100*math.Abs(got-want)/want)
		}
	}
}

func TestIndexAgreesWithLogarithm(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 100_000 {
		v := rng.Int64N(1<<50) + 1
		i := index(v)
		lo, hi := Lower(i), Lower(i+1)
		const ulp = 1e-14
		if float64(v) <= lo*(1-ulp) || float64(v) > hi*(1+ulp) {
			t.Fatalf("%d is in bucket %d (%v, %v]", v, i, lo, hi)
		}
	}
	for e := range 62 {
		if got, want := index(1<<e), int32(e*perOctave-1); got != want {
			t.Errorf("2^%d is in bucket %d, want %d: upper bounds are inclusive", e, got, want)
		}
	}
}

func TestMergeIsExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	var whole, left, right Sketch
	for i := range 5_000 {
		v := rng.Int64N(1e9)
		whole.Add(v)
		if i%3 == 0 {
			left.Add(v)
		} else {
			right.Add(v)
		}
	}
	left.Merge(&right)
	if !slices.Equal(left.buckets, whole.buckets) || left.count != whole.count || left.min != whole.min || left.max != whole.max {
		t.Fatal("merged halves differ from the whole")
	}
}

// Many small sketches with gaps, and corrections that empty buckets, add up to
// what one sketch counts; none of them is changed by it, nor shares memory.
func TestMergeManyWithCorrections(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	var whole, sum Sketch
	var taken []int64
	for range 500 {
		var part Sketch
		for range rng.IntN(6) {
			v, n := int64(1)<<rng.IntN(12), int64(1)
			if len(taken) > 0 && rng.IntN(2) == 0 {
				v, n, taken = taken[0], -1, taken[1:]
			} else {
				taken = append(taken, v)
			}
			part.AddN(v, n)
			whole.AddN(v, n)
		}
		before := part.Clone()
		sum.Merge(&part)
		if !slices.Equal(part.buckets, before.buckets) {
			t.Fatal("merging changed what was merged")
		}
		if !slices.Equal(sum.buckets, whole.buckets) || sum.count != whole.count {
			t.Fatalf("got %v, want %v", sum.buckets, whole.buckets)
		}
		sum.Merge(&Sketch{})
	}
}

func TestTakingAwayRestores(t *testing.T) {
	var s Sketch
	s.Add(5)
	s.Add(0)
	before := s.Clone()
	s.AddN(700, 3)
	s.AddN(700, -3)
	if !slices.Equal(s.buckets, before.buckets) || s.count != before.count || s.sum != before.sum {
		t.Fatalf("got %+v, want %+v", s, before)
	}
}

func TestEmpty(t *testing.T) {
	var s Sketch
	if s.Quantile(0.5) != 0 || s.Mean() != 0 {
		t.Fatal("an empty sketch has quantiles")
	}
}

func FuzzUnmarshal(f *testing.F) {
	var s Sketch
	for _, v := range []int64{0, 1, 17, 1e6, math.MaxInt64} {
		s.Add(v)
	}
	seed, _ := s.AppendBinary(nil)
	f.Add(seed)
	f.Fuzz(func(t *testing.T, p []byte) {
		var got Sketch
		if got.UnmarshalBinary(p) != nil {
			return
		}
		again, _ := got.AppendBinary(nil)
		var back Sketch
		if err := back.UnmarshalBinary(again); err != nil {
			t.Fatalf("re-encoded sketch does not decode: %v", err)
		}
		if !slices.Equal(back.buckets, got.buckets) || back.count != got.count {
			t.Fatal("round trip changed the sketch")
		}
	})
}

func BenchmarkAdd(b *testing.B) {
	var s Sketch
	for i := range b.N {
		s.Add(int64(i%1000)*1000 + 50_000)
	}
}

// TestUnmerge takes away what was merged, and what was not there yet.
func TestUnmerge(t *testing.T) {
	var all, part, rest Sketch
	for ns := range int64(1000) {
		all.Add(ns * ns)
		if ns%3 == 0 {
			part.Add(ns * ns)
		} else {
			rest.Add(ns * ns)
		}
	}
	got := all.Clone()
	got.Unmerge(&part)
	if got.Count() != rest.Count() || got.Zero() != rest.Zero() || got.Sum() != rest.Sum() || !slices.Equal(got.Buckets(), rest.Buckets()) {
		t.Errorf("%d of %v are left of %d", got.Count(), got.Sum(), rest.Count())
	}
	early := rest.Clone()
	early.Unmerge(&all) // is what is owed
	if early.Count() != -part.Count() {
		t.Errorf("%d are owed", early.Count())
	}
	early.Merge(&part)
	if early.Count() != 0 || early.Zero() != 0 || len(early.Buckets()) != 0 {
		t.Errorf("%d are left, %v", early.Count(), early.Buckets())
	}
}
