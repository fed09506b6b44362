package sketch

// Recorder counts durations as a Sketch does, faster and in more memory: its
// buckets are an array over the range that was seen, two bytes each and 64 an
// octave. It is for what is added to often and read seldom. The zero value is
// empty and ready to use; it belongs to one goroutine at a time.
type Recorder struct {
	counts []uint16
	base   int32 // index of the first bucket
	count  int64
	zero   int64
	sum    float64
	min    int64
	max    int64
	full   []Bucket // what was in counts that were about to overflow
}

// Add records one duration in ns. A negative one counts as zero.
func (r *Recorder) Add(ns int64) {
	ns = max(ns, 0)
	if r.count == 0 || ns < r.min {
		r.min = ns
	}
	r.max = max(r.max, ns)
	r.count++
	r.sum += float64(ns)
	if ns == 0 {
		r.zero++
		return
	}
	i := index(ns)
	at := i - r.base
	if uint(at) >= uint(len(r.counts)) {
		at = r.widen(i)
	}
	r.counts[at]++
	if r.counts[at] == 1<<16-1 {
		r.full = mergeBuckets(r.full, []Bucket{{Index: i, Count: int64(r.counts[at])}})
		r.counts[at] = 0
	}
}

// Size is about how many bytes the recorder takes. It changes seldom.
func (r *Recorder) Size() int { return 2*len(r.counts) + 16*len(r.full) + 96 }

// widen makes room for bucket i, an octave at a time, and returns its place.
func (r *Recorder) widen(i int32) int32 {
	from, to := i&^(perOctave-1), i&^(perOctave-1)+perOctave
	if len(r.counts) == 0 {
		r.base = from
	}
	from, to = min(from, r.base), max(to, r.base+int32(len(r.counts)))
	wider := make([]uint16, to-from)
	copy(wider[r.base-from:], r.counts)
	r.counts, r.base = wider, from
	return i - from
}

// AddTo adds everything that was recorded to a sketch.
func (r *Recorder) AddTo(s *Sketch) {
	buckets := make([]Bucket, 0, 64)
	for i, n := range r.counts {
		if n > 0 {
			buckets = append(buckets, Bucket{Index: r.base + int32(i), Count: int64(n)})
		}
	}
	s.Merge(&Sketch{
		buckets: mergeBuckets(buckets, r.full), count: r.count, zero: r.zero, sum: r.sum, min: r.min, max: r.max,
	})
}
