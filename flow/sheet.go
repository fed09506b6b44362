package flow

import (
	"slices"
	"sync"
)

// sheet is where a run is recorded. When the run is complete another one gets it:
// what is garbage after each flow is what takes most of a flow's time.
type sheet struct {
	arena  []byte  // encoded attributes: nearby, then elsewhere
	more   []*leaf // operations that are not among the first
	extras []extra
	first  [5]span
	nearby [firstRoom]byte
}

// leaf is for the operations of a large flow.
type leaf struct {
	ops   [leafOps]Op
	spans [leafOps]span
}

const (
	leafOps  = 17
	leafSize = 2 << 10
)

//nolint:gochecknoglobals // a pool has to outlive those who use it
var sheets sync.Pool

func newSheet() *sheet {
	if p, used := sheets.Get().(*sheet); used {
		return p
	}
	p := &sheet{}
	p.arena = p.nearby[:0]
	return p
}

// release gives the run's sheet back unless something runs on that is recorded
// there. The operations keep what their contexts and their ids need.
func (r *run) release() {
	if r.open > 0 {
		return
	}
	for i := range r.len {
		r.op(i).span = nil
	}
	r.sheet.putBack()
	r.sheet = nil
}

func (p *sheet) putBack() {
	p.arena, p.more, p.extras, p.first = p.nearby[:0], nil, nil, [5]span{}
	sheets.Put(p)
}

// sheet is where the operation is recorded: with its run, or by itself when it is
// loose, for as long as it runs.
func (o *Op) sheet() *sheet {
	if !o.loose {
		return o.run.sheet
	}
	if o.own == nil {
		o.own = newSheet()
	}
	return o.own
}

// grow sees to it that there is room for an operation, and reports false when
// the shard has none.
func (r *run) grow() bool {
	if int(r.len) < len(r.first)+leafOps*len(r.sheet.more) {
		return true
	}
	if !r.shard.take(r, leafSize) {
		return false
	}
	r.sheet.more = append(r.sheet.more, new(leaf))
	return true
}

// next is where the next operation is recorded.
func (r *run) next() *Op {
	p, i := r.sheet, int(r.len)
	r.len++
	if i < len(r.first) {
		op := &r.first[i]
		op.span = &p.first[i]
		return op
	}
	i -= len(r.first)
	in := p.more[i/leafOps]
	op := &in.ops[i%leafOps]
	op.span = &in.spans[i%leafOps]
	return op
}

// op is recorded operation i of the run, in the order they began.
func (r *run) op(i int32) *Op {
	if i < int32(len(r.first)) {
		return &r.first[i]
	}
	i -= int32(len(r.first))
	return &r.sheet.more[i/leafOps].ops[i%leafOps]
}

// size is what a stretch takes that has what is in this one and so much more room.
// It doubles at least: what is moved from stays unused.
func (s stretch) size(more int) int { return int(s.len) + max(more, int(s.len)) }

// move returns a stretch of the arena with what is in another one, and more room.
func (p *sheet) move(s stretch, more int) stretch {
	from, size := len(p.arena), s.size(more)
	p.arena = slices.Grow(p.arena, size)[:from+size]
	copy(p.arena[from:], p.arena[s.from:s.from+s.len])
	return stretch{uint32(from), s.len, uint32(size)}
}

// put has a stretch hold what was in it with something appended, or with something
// replaced, which is elsewhere then.
func (p *sheet) put(s *stretch, data []byte) {
	if len(data) > int(s.cap) { // what is not UTF-8 became longer
		*s = p.move(stretch{}, len(data))
	}
	if to := p.arena[s.from:]; &to[0] != &data[0] {
		copy(to, data)
	}
	s.len = uint32(len(data))
}
