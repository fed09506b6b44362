package sketch

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// same compares all that two sketches say.
func same(x, y *Sketch) bool {
	return slices.Equal(x.buckets, y.buckets) && x.count == y.count && x.zero == y.zero && x.sum == y.sum && x.min == y.min && x.max == y.max
}

// A sum of sketches, of encoded ones and of sums is what Merge makes of them.
func TestSumIsMerge(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	var want Sketch
	var sum, left, right Sum
	for i := range 300 {
		var part Sketch
		for range rng.IntN(30) {
			part.AddN(rng.Int64N(1<<rng.IntN(62)), []int64{1, 2, 1, -1}[rng.IntN(4)])
		}
		p, err := part.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		want.Merge(&part)
		half := &left
		if i >= 150 {
			half = &right
		}
		half.Add(&part)
		if err := sum.AddBinary(p); err != nil {
			t.Fatal(err)
		}
		if got := sum.Sketch(); !same(&got, &want) {
			t.Fatalf("after %d: %+v, want %+v", i, got, want)
		}
	}
	left.Merge(&right)
	if got := left.Sketch(); !slices.Equal(got.buckets, want.buckets) || got.count != want.count || got.zero != want.zero {
		t.Fatalf("two halves: %+v, want %+v", got, want)
	}
}

func TestSumReachesBothEnds(t *testing.T) {
	var sum Sum
	var want Sketch
	for _, ns := range []int64{1 << 30, 1, math.MaxInt64, 0, 2} {
		var one Sketch
		one.Add(ns)
		want.Add(ns)
		sum.Add(&one)
	}
	if got := sum.Sketch(); !same(&got, &want) {
		t.Fatalf("%+v, want %+v", got, want)
	}
}

// What a sketch takes a sum takes, with the same outcome.
func FuzzSumBinary(f *testing.F) {
	var s Sketch
	for _, v := range []int64{0, 1, 17, 1e6, math.MaxInt64} {
		s.Add(v)
	}
	seed, _ := s.AppendBinary(nil)
	f.Add(seed)
	f.Fuzz(func(t *testing.T, p []byte) {
		var one Sketch
		var sum Sum
		refused, alsoRefused := one.UnmarshalBinary(p), sum.AddBinary(p)
		if (refused == nil) != (alsoRefused == nil) {
			t.Fatalf("a sketch says %v, a sum %v", refused, alsoRefused)
		}
		if refused != nil {
			return
		}
		var want Sketch
		want.Merge(&one)
		one.buckets = slices.DeleteFunc(one.buckets, func(b Bucket) bool { return b.Count == 0 })
		if got := sum.Sketch(); !slices.Equal(got.buckets, one.buckets) || got.count != want.count {
			t.Fatalf("%+v, want %+v", got, want)
		}
	})
}

func BenchmarkSumBinary(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2))
	var s Sketch
	for range 100 {
		s.Add(int64(math.Exp(rng.NormFloat64()/2 + 18)))
	}
	p, _ := s.AppendBinary(nil)
	b.SetBytes(int64(len(p)))
	var sum Sum
	for b.Loop() {
		if err := sum.AddBinary(p); err != nil {
			b.Fatal(err)
		}
	}
}
