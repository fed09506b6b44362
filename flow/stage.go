package flow

import (
	"bytes"
	"sync"
)

// A stage takes records for a ring where cores meet, so that they do not wait for
// one another at its end, nor write into one another's memory. Each copies its
// records into a chunk of its own; who finds its stage full, or reads the ring, has
// the ring take up where the records of all stages are, in the order they came.
type stage struct {
	mu      sync.Mutex
	chunk   *chunk
	used    int // of its bytes
	records []staged
	free    []*chunk // that it may fill again; under the ring's lock
	_       [64]byte // the next stage is in other cache lines
}

// staged is a record that the ring does not know of.
type staged struct {
	extent
	at int64 // when it came, ns
}

// chunk is a piece of a ring's memory.
type chunk struct {
	buf  []byte
	live int    // records that the ring keeps
	open bool   // a stage fills it
	home *stage // that fills it again when no record is left; nil for a record by itself
}

const (
	// chunkSize is the memory that a stage fills, in bytes. Records of more than a
	// part of it have memory of their own.
	chunkSize  = 32 << 10
	chunkShare = 4
	// maxStages bounds the stages of a ring: more cores share them.
	maxStages = 16
	// stageShare is the part of a ring's records and bytes that may be on stages.
	// Fewer records than leastStaged make none worth having, and from mostStaged
	// on it does not matter how many there are.
	stageShare  = 8
	leastStaged = 4
	mostStaged  = 64
)

// stages returns as many as a ring of so many records and bytes is to have, and
// how many records each may hold. A small ring has none.
func stages(records, bytes int) (all []stage, each int) {
	n := min(shardCount(), maxStages, records/stageShare/leastStaged, bytes/stageShare/chunkSize)
	if n < 2 {
		return nil, 0
	}
	return make([]stage, n), min(records/stageShare/n, mostStaged)
}

// take copies a record onto the stage. It reports false when there is no room.
func (s *stage) take(d *draft, most int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.records) >= most || !s.fits(d.record) {
		return false
	}
	s.records = append(s.records, staged{s.copy(d.record), d.at})
	return true
}

// fits reports whether the stage's chunk has room for a record.
func (s *stage) fits(record []byte) bool {
	return s.chunk != nil && s.used+len(record) <= len(s.chunk.buf)
}

// copy copies a record that fits into the stage's chunk.
func (s *stage) copy(record []byte) extent {
	e := extent{s.chunk, uint32(s.used), uint32(len(record))}
	s.used += copy(s.chunk.buf[s.used:], record)
	return e
}

// collect takes up the records of all stages. The caller holds the ring's lock.
func (r *ring) collect() {
	if !r.busy.Load() {
		return
	}
	for i := range r.stages {
		r.stages[i].mu.Lock()
	}
	var left [maxStages][]staged
	for i := range r.stages {
		s := &r.stages[i]
		left[i] = s.records
		s.records, r.spare[i] = r.spare[i], s.records[:0]
	}
	for i := range r.stages {
		r.stages[i].mu.Unlock()
	}
	for {
		from := -1
		for i := range r.stages {
			if len(left[i]) > 0 && (from < 0 || left[i][0].at < left[from][0].at) {
				from = i
			}
		}
		if from < 0 {
			return
		}
		r.put(left[from][0].extent)
		left[from] = left[from][1:]
	}
}

// supply gives a stage memory for a record, unless others have been quicker: what
// they staged is taken up first. The caller holds the ring's lock.
func (r *ring) supply(s *stage, record []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fits(record) || len(s.records) > 0 {
		return
	}
	if old := s.chunk; old != nil {
		old.open = false
		r.retire(old)
	}
	for s.chunk = nil; s.chunk == nil; {
		switch {
		case len(s.free) > 0:
			s.chunk = s.unused()
		case r.memory+chunkSize <= r.limit:
			r.memory += chunkSize
			s.chunk = &chunk{buf: make([]byte, chunkSize)}
		default:
			if s.chunk = r.unused(); s.chunk == nil {
				r.forget()
			}
		}
	}
	s.used, s.chunk.open, s.chunk.home = 0, true, s
}

// place copies a record to where there is room: while the ring is not busy, the
// first stage's chunk has some. The caller holds the ring's lock.
func (r *ring) place(record []byte) extent {
	if r.busy.Load() || len(r.stages) == 0 || len(record) > chunkSize/chunkShare {
		return extent{r.lone(record), 0, uint32(len(record))}
	}
	s := &r.stages[0]
	if !s.fits(record) {
		r.supply(s, record)
	}
	return s.copy(record)
}

// lone is memory for a record by itself.
func (r *ring) lone(record []byte) *chunk {
	for r.memory+len(record) > r.limit {
		if r.unused() != nil {
			r.memory -= chunkSize
		} else {
			r.forget()
		}
	}
	r.memory += len(record)
	return &chunk{buf: bytes.Clone(record)}
}

// unused takes a chunk that no stage fills and no record is in, nil when there is
// none.
func (r *ring) unused() *chunk {
	for i := range r.stages {
		if s := &r.stages[i]; len(s.free) > 0 {
			return s.unused()
		}
	}
	return nil
}

func (s *stage) unused() *chunk {
	last := len(s.free) - 1
	c := s.free[last]
	s.free = s.free[:last]
	return c
}

// retire has a chunk that nothing is in used again.
func (r *ring) retire(c *chunk) {
	switch {
	case c.live > 0 || c.open:
	case c.home == nil:
		r.memory -= len(c.buf)
	default:
		c.home.free = append(c.home.free, c)
	}
}
