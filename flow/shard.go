package flow

import (
	"sync"

	"github.com/flowscope/flowscope/internal/sketch"
)

// shard holds the running flows and the statistics of some of the flows, so
// that cores do not wait for one another.
type shard struct {
	mu     sync.Mutex
	newest *run // of the running ones
	oldest *run
	active int
	bytes  int     // that the running ones take
	limit  int     // of them
	flows  int64   // that have ended
	failed int64   // of them
	cells  []*cell // by step, nil where none was counted here
	_      [64]byte
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

// begin adds a run to the running ones. It reports false when those take all
// that they may.
func (s *shard) begin(r *run) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bytes+runSize > s.limit {
		return false
	}
	s.bytes += runSize
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

// beginInstead is begin when there is no room: it abandons the run that has gone
// on for longest, if that is too long.
func (s *shard) beginInstead(r *run) bool {
	s.mu.Lock()
	old := s.oldest
	s.mu.Unlock()
	return old != nil && old.abandon() && s.begin(r)
}

// take lets a run grow by so many bytes, if there are any left.
func (s *shard) take(r *run, bytes int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !r.listed || s.bytes+bytes > s.limit {
		return false
	}
	s.bytes += bytes
	r.taken += bytes
	return true
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
	s.bytes -= r.taken
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
func (s *shard) end(r *run, head *Op) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaveLocked(r)
	s.flows++
	if head.status == Failed {
		s.failed++
	}
	for o := &r.first[0]; o != nil; o = o.next {
		if o.ended {
			s.countLocked(o)
		}
	}
}

// count counts an operation by itself.
func (s *shard) count(o *Op) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.countLocked(o)
}

func (s *shard) countLocked(o *Op) {
	i := int(o.step.index)
	if i >= len(s.cells) {
		s.cells = append(s.cells, make([]*cell, max(i+1-len(s.cells), 16))...)
	}
	c := s.cells[i]
	if c == nil {
		c = &cell{size: -cellSize}
		s.cells[i] = c
	}
	took := o.end - o.start
	c.calls++
	if o.status == Failed {
		c.errors++
	}
	c.last = max(c.last, o.run.wall+o.end)
	c.latency.Add(took)
	if size := c.latency.Size(); size != c.size {
		o.run.tracker.steps.bytes.Add(int64(size - c.size))
		c.size = size
	}
	if o.run.kept {
		c.example = Exemplar{TraceID: o.run.trace, SpanID: spanID(o.id), Nanoseconds: took, At: o.run.wall + o.end}
	}
}
