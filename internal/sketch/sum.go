package sketch

// A duration of 1 ns is in the lowest bucket there can be, the longest that an
// int64 holds in the highest.
const (
	lowest  = -1
	highest = 63*perOctave - 1
)

// Sum adds up many sketches. It holds a count for every bucket between the
// lowest and the highest seen, at most 32 KiB, so that adding one is a walk over
// it and nothing is moved. The zero value is empty and ready to use.
type Sum struct {
	total  Sketch  // but for its buckets
	low    int32   // index of the first count
	counts []int64 // may be zero
}

// Size is about how many bytes the counts take.
func (s *Sum) Size() int { return 8 * len(s.counts) }

// Add adds everything o has seen. Its buckets are those of durations.
func (s *Sum) Add(o *Sketch) {
	s.total.mergeTotals(o)
	if n := len(o.buckets); n > 0 {
		s.reach(o.buckets[0].Index, o.buckets[n-1].Index)
	}
	for _, b := range o.buckets {
		s.counts[b.Index-s.low] += b.Count
	}
}

// AddBinary adds an encoded sketch. It returns ErrCorrupt for anything
// AppendBinary did not write; the sum is of no use after that.
func (s *Sum) AddBinary(p []byte) error {
	d := decoder{p: p}
	o, n := d.head()
	if d.bad {
		return ErrCorrupt
	}
	s.total.mergeTotals(&o)
	at := int64(0)
	for i := range n {
		step, count, ok := d.pair()
		at += step
		if !ok || (i > 0 && step <= 0) || step > highest+1 || at < lowest || at > highest {
			return ErrCorrupt
		}
		k := at - int64(s.low)
		if k < 0 || k >= int64(len(s.counts)) {
			s.reach(int32(at), int32(at))
			k = at - int64(s.low)
		}
		s.counts[k] += count
	}
	if len(d.p) != 0 {
		return ErrCorrupt
	}
	return nil
}

// Merge adds another sum.
func (s *Sum) Merge(o *Sum) {
	s.total.mergeTotals(&o.total)
	if len(o.counts) == 0 {
		return
	}
	s.reach(o.low, o.low+int32(len(o.counts))-1)
	into := s.counts[o.low-s.low:]
	for i, c := range o.counts {
		into[i] += c
	}
}

// octaveUp and octaveDown round an index to where the counts may begin and end,
// so that they grow rarely.
func octaveDown(i int32) int32 { return i &^ (perOctave - 1) }
func octaveUp(i int32) int32   { return i | (perOctave - 1) }

// reach makes the counts cover indexes lo to hi.
func (s *Sum) reach(lo, hi int32) {
	lo, hi = octaveDown(lo), octaveUp(hi)
	if n := int32(len(s.counts)); n > 0 {
		if lo >= s.low && hi < s.low+n {
			return
		}
		lo, hi = min(lo, s.low), max(hi, s.low+n-1)
	}
	counts := make([]int64, hi-lo+1)
	if len(s.counts) > 0 {
		copy(counts[s.low-lo:], s.counts)
	}
	s.low, s.counts = lo, counts
}

// Sketch returns what was added up, sharing nothing with the sum.
func (s *Sum) Sketch() Sketch {
	out, n := s.total, 0
	for _, c := range s.counts {
		if c != 0 {
			n++
		}
	}
	if n == 0 {
		return out
	}
	out.buckets = make([]Bucket, 0, n)
	for i, c := range s.counts {
		if c != 0 {
			out.buckets = append(out.buckets, Bucket{s.low + int32(i), c})
		}
	}
	return out
}
