// Package sketch keeps latency distributions as base-2 exponential histograms:
// the layout of OpenTelemetry's ExponentialHistogram and of Prometheus native
// histograms, at one fixed scale.
//
// At scale 6 bucket i holds the values in (2^(i/64), 2^((i+1)/64)], so that a
// quantile is off by at most (b-1)/(b+1) with b = 2^(1/64), which is 0.54 %.
// Because the scale never changes, two sketches merge exactly, and what was
// added can be taken away again.
//
// A Sketch is a plain value with no lock: it belongs to one goroutine at a time.
package sketch

import (
	"math"
	"slices"
	"sort"
)

// Scale is the OpenTelemetry scale of every sketch. 6 is the smallest whose
// error stays under 1 %.
const Scale = 6

// perOctave is the number of buckets between two powers of two.
const perOctave = 1 << Scale

// Bucket counts the values in (Lower(Index), Lower(Index+1)].
type Bucket struct {
	Index int32
	Count int64
}

// Sketch is a distribution of durations in nanoseconds. The zero value is
// empty and ready to use. Copying a Sketch shares its buckets: use Clone.
type Sketch struct {
	buckets []Bucket // ascending by Index, no zero counts
	count   int64    // all values, those of zero length included
	zero    int64    // values of zero length
	sum     float64
	min     int64
	max     int64
}

// Add records one duration in ns. A negative one counts as zero.
func (s *Sketch) Add(ns int64) { s.AddN(ns, 1) }

// AddN records n equal durations in ns; a negative n takes them away again.
// Min and Max keep the extremes ever seen.
func (s *Sketch) AddN(ns, n int64) {
	ns = max(ns, 0)
	if n > 0 {
		if s.count == 0 || ns < s.min {
			s.min = ns
		}
		s.max = max(s.max, ns)
	}
	s.count += n
	s.sum += float64(ns) * float64(n)
	if ns == 0 {
		s.zero += n
		return
	}
	s.bump(index(ns), n)
}

func (s *Sketch) bump(idx int32, n int64) {
	i := sort.Search(len(s.buckets), func(i int) bool { return s.buckets[i].Index >= idx })
	if i == len(s.buckets) || s.buckets[i].Index != idx {
		s.buckets = slices.Insert(s.buckets, i, Bucket{Index: idx, Count: n})
		return
	}
	s.buckets[i].Count += n
	if s.buckets[i].Count == 0 {
		s.buckets = slices.Delete(s.buckets, i, i+1)
	}
}

// Merge adds everything o has seen. It is exact.
func (s *Sketch) Merge(o *Sketch) {
	s.mergeTotals(o)
	s.buckets = mergeBuckets(s.buckets, o.buckets)
}

// Unmerge takes away what o has seen and s has, too. It is exact; Min and Max
// stay.
func (s *Sketch) Unmerge(o *Sketch) {
	for _, b := range o.buckets {
		s.bump(b.Index, -b.Count)
	}
	s.count -= o.count
	s.zero -= o.zero
	s.sum -= o.sum
}

// mergeTotals is Merge without the buckets.
func (s *Sketch) mergeTotals(o *Sketch) {
	if o.count > 0 {
		if s.count <= 0 || o.min < s.min {
			s.min = o.min
		}
		s.max = max(s.max, o.max)
	}
	s.count += o.count
	s.zero += o.zero
	s.sum += o.sum
}

// mergeBuckets adds b to a in place. Sketches of one thing soon have the same
// buckets, so most merges find every bucket there and allocate nothing.
func mergeBuckets(a, b []Bucket) []Bucket {
	missing, at, emptied := 0, 0, false
	for _, x := range b {
		at += sort.Search(len(a)-at, func(i int) bool { return a[at+i].Index >= x.Index })
		if at == len(a) || a[at].Index != x.Index {
			missing++
			continue
		}
		a[at].Count += x.Count
		emptied = emptied || a[at].Count == 0
	}
	if missing > 0 {
		a = insertMissing(a, b, missing)
	}
	if emptied {
		a = slices.DeleteFunc(a, func(x Bucket) bool { return x.Count == 0 })
	}
	return a
}

// insertMissing gives a the buckets of b that it lacks, from the last to the
// first, so that none is overwritten before it has moved.
func insertMissing(a, b []Bucket, missing int) []Bucket {
	i, j := len(a)-1, len(b)-1
	a = slices.Grow(a, missing)[:len(a)+missing]
	for to := len(a) - 1; to > i; to-- {
		switch {
		case i >= 0 && a[i].Index > b[j].Index:
			a[to] = a[i]
			i--
		case i >= 0 && a[i].Index == b[j].Index:
			a[to] = a[i]
			i--
			j--
		default:
			a[to] = b[j]
			j--
		}
	}
	return a
}

// Clone returns a copy that shares nothing with s.
func (s *Sketch) Clone() Sketch {
	c := *s
	c.buckets = slices.Clone(s.buckets)
	return c
}

// Count is the number of durations recorded.
func (s *Sketch) Count() int64 { return s.count }

// Zero is the number of durations of zero length.
func (s *Sketch) Zero() int64 { return s.zero }

// Sum is the total of all durations in ns.
func (s *Sketch) Sum() float64 { return s.sum }

// Min is the shortest duration ever recorded, in ns.
func (s *Sketch) Min() int64 { return s.min }

// Max is the longest duration ever recorded, in ns.
func (s *Sketch) Max() int64 { return s.max }

// Mean is the average duration in ns, 0 when empty.
func (s *Sketch) Mean() float64 {
	if s.count <= 0 {
		return 0
	}
	return s.sum / float64(s.count)
}

// Buckets are the non-empty buckets in ascending order, a view that the next
// Add or Merge invalidates.
func (s *Sketch) Buckets() []Bucket { return s.buckets }

// Quantile returns the q-quantile in ns by nearest rank, the value whose rank
// is ⌈q·Count⌉, within 0.54 %. It is 0 when the sketch is empty.
func (s *Sketch) Quantile(q float64) float64 {
	if s.count <= 0 {
		return 0
	}
	rank := int64(math.Ceil(q * float64(s.count)))
	rank = min(max(rank, 1), s.count)
	if rank <= s.zero {
		return 0
	}
	seen := s.zero
	for _, b := range s.buckets {
		if seen += b.Count; seen >= rank {
			return s.clamp(middle(b.Index))
		}
	}
	return float64(s.max)
}

func (s *Sketch) clamp(v float64) float64 {
	return min(max(v, float64(s.min)), float64(s.max))
}

// Lower is the exclusive lower bound of bucket i in ns.
func Lower(i int32) float64 { return math.Exp2(float64(i) / perOctave) }

// middle is the value whose relative distance to both bounds is the same: the
// harmonic mean of the bounds.
func middle(i int32) float64 {
	lo, hi := Lower(i), Lower(i+1)
	return 2 * lo * hi / (lo + hi)
}

const mantissaBits = 52

// bounds[k] is the mantissa of 2^(k/64), the bits after the leading one.
var bounds = func() (t [perOctave]uint64) {
	for k := range t {
		t[k] = math.Float64bits(math.Exp2(float64(k)/perOctave)) & (1<<mantissaBits - 1)
	}
	return t
}()

// guess[h] is the last k whose bound is not above every mantissa that starts
// with the seven bits h: a first guess at most two steps short.
var guess = func() (t [128]uint8) {
	for h := range t {
		lowest := uint64(h) << (mantissaBits - 7)
		for k := 1; k < perOctave && bounds[k] < lowest; k++ {
			t[h] = uint8(k)
		}
	}
	return t
}()

// index is the bucket of a positive duration, computed from the bits of its
// float64 without a logarithm.
func index(ns int64) int32 {
	bits := math.Float64bits(float64(ns))
	octave := int32(bits>>mantissaBits) - 1023
	mantissa := bits & (1<<mantissaBits - 1)
	if mantissa == 0 {
		return octave*perOctave - 1
	}
	k := int32(guess[mantissa>>(mantissaBits-7)])
	for k+1 < perOctave && bounds[k+1] < mantissa {
		k++
	}
	return octave*perOctave + k
}
