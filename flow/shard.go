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
	active int
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
	example Exemplar
}

// begin adds a run to the running ones.
func (s *shard) begin(r *run) {
	s.mu.Lock()
	r.after = s.newest
	if s.newest != nil {
		s.newest.before = r
	}
	s.newest = r
	s.active++
	s.mu.Unlock()
}

// leave takes a run off the running ones.
func (s *shard) leave(r *run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leaveLocked(r)
}

func (s *shard) leaveLocked(r *run) {
	if r.after != nil {
		r.after.before = r.before
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
		c = &cell{}
		s.cells[i] = c
	}
	took := o.end - o.start
	c.calls++
	if o.status == Failed {
		c.errors++
	}
	c.last = max(c.last, o.run.wall+o.end)
	c.latency.Add(took)
	if o.run.kept {
		c.example = Exemplar{TraceID: o.run.trace, SpanID: spanID(o.id), Nanoseconds: took, At: o.run.wall + o.end}
	}
}
