package flow

import (
	"sync"
	"sync/atomic"

	"github.com/flowscope/flowscope/internal/sketch"
)

// shard holds the running flows and the statistics of some of the flows, so
// that cores do not wait for one another.
type shard struct {
	number uint32
	mu     sync.Mutex
	newest *run // of the running ones
	oldest *run
	active int
	bytes  int           // that the running ones take
	limit  int           // of them, drawn from what all shards share
	shared *atomic.Int64 // what is left of it
	flows  int64         // that have ended
	failed int64         // of them
	cells  []*cell       // by step, nil where none was counted here
	_      [64]byte      // another shard is in other cache lines
}

// cell is what a step did as far as one shard saw it.
type cell struct {
	calls   int64
	errors  int64
	last    int64 // Unix ns, when a call ended last
	latency sketch.Recorder
	size    int // of latency, as far as it is accounted for
	example Exemplar
}

// cellSize is what a cell takes without its latency, in bytes.
const cellSize = 128

// begin adds a run to the running ones, in a shard that no other core uses if it
// can be helped: where cores meet, one moves on. It reports false when the running
// ones take all that they may.
func (t *Tracker) begin(r *run) bool {
	hint := hints.Get().(*uint32) //nolint:errcheck,forcetypeassert // it holds nothing else
	r.shard = &t.shards[*hint%uint32(len(t.shards))]
	if !r.shard.mu.TryLock() {
		*hint++
		r.shard = &t.shards[*hint%uint32(len(t.shards))]
		r.shard.mu.Lock()
	}
	defer r.shard.mu.Unlock()
	hints.Put(hint)
	return r.shard.beginLocked(r)
}

// hints are numbers that a core finds again, mostly.
//
//nolint:gochecknoglobals // a pool has to outlive those who use it
var (
	hints    = sync.Pool{New: func() any { n := lastHint.Add(1); return &n }}
	lastHint atomic.Uint32
)

// beginLocked is begin in this shard.
func (s *shard) beginLocked(r *run) bool {
	if !s.pay(runSize) {
		return false
	}
	r.listed, r.taken = true, runSize
	r.after = s.newest
	if s.newest != nil {
		s.newest.before = r
	} else {
		s.oldest = r
	}
	s.newest = r
	s.active++
	return true
}

// beginInstead begins a run when there is no room: instead of the one that has
// gone on for longest in some shard, if that is too long.
func (t *Tracker) beginInstead(r *run) bool {
	for i := range t.shards {
		s := &t.shards[i]
		if old := s.longest(); old != nil && old.abandon() && s.begin(r) {
			r.shard = s
			return true
		}
	}
	return false
}

// longest is the run that has gone on for longest, nil when none runs.
func (s *shard) longest() *run {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.oldest
}

func (s *shard) begin(r *run) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.beginLocked(r)
}

// take lets a run grow by so many bytes, if there are any left.
func (s *shard) take(r *run, bytes int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !r.listed || !s.pay(bytes) {
		return false
	}
	r.taken += int32(bytes)
	return true
}

// portionSize is how many bytes a shard draws at once. So it seldom writes where
// other cores do, and leaves them nearly all that there is.
const portionSize = 64 << 10

// pay counts bytes that running flows take, and reports false when there are none
// left.
func (s *shard) pay(bytes int) bool {
	if need := s.bytes + bytes - s.limit; need > 0 {
		draw := (need + portionSize - 1) / portionSize * portionSize
		if s.shared.Add(-int64(draw)) < 0 {
			s.shared.Add(int64(draw))
			return false
		}
		s.limit += draw
	}
	s.bytes += bytes
	return true
}

// repay is the opposite of pay.
func (s *shard) repay(bytes int) {
	s.bytes -= bytes
	if back := s.limit - s.bytes - portionSize; back > portionSize {
		s.limit -= back
		s.shared.Add(int64(back))
	}
}

// leave takes a run off the running ones.
func (s *shard) leave(r *run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaveLocked(r)
}

func (s *shard) leaveLocked(r *run) {
	if !r.listed {
		return
	}
	r.listed = false
	s.repay(int(r.taken))
	if r.after != nil {
		r.after.before = r.before
	} else {
		s.oldest = r.before
	}
	if r.before != nil {
		r.before.after = r.after
	} else {
		s.newest = r.after
	}
	r.before, r.after = nil, nil
	s.active--
}

// end takes a run off the running ones and counts its operations.
func (s *shard) end(r *run, head *Op, now int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaveLocked(r)
	s.flows++
	if head.status == Failed {
		s.failed++
	}
	for i := range r.len {
		o := r.op(i)
		if o.ended {
			s.countLocked(o, now)
		}
	}
}

// count counts an operation by itself.
func (s *shard) count(o *Op, now int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.countLocked(o, now)
}

func (s *shard) countLocked(o *Op, now int64) {
	i := int(o.step.index)
	if i >= len(s.cells) {
		s.cells = append(s.cells, make([]*cell, max(i+1-len(s.cells), 16))...)
	}
	c := s.cells[i]
	if c == nil {
		c = &cell{size: -cellSize}
		s.cells[i] = c
	}
	took, ended := o.end-o.start, o.run.past(o.end, now)
	c.calls++
	if o.status == Failed {
		c.errors++
	}
	c.last = max(c.last, ended)
	c.latency.Add(took)
	if size := c.latency.Size(); size != c.size {
		o.run.tracker.steps.bytes.Add(int64(size - c.size))
		c.size = size
	}
	if o.run.kept {
		c.example = Exemplar{TraceID: o.run.trace, SpanID: spanID(o.id), Nanoseconds: took, At: ended}
	}
}
