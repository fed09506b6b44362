package analyze

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/flowscope/flowscope/internal/model"
)

// none stands for a span or a node that is not there.
const none = int32(-1)

// span is a span at work. Others are named by their index in work.spans,
// nodes by their number in names.
type span struct {
	model.Span
	src          *source
	id, parentID model.SpanID
	twin         int32 // the other side of a call whose sides share an id

	start, end int64 // Unix ns, on the parent's clock
	skew       int64 // ns that were added to both
	self       int64 // ns
	critical   int64 // ns

	parent, child, sibling int32 // children are in order of start
	node                   int32 // the service
	target                 int32 // the virtual node called, or the service that did not answer

	kind     model.Kind
	failed   bool
	orphan   bool
	entry    bool
	answered bool // another span is the entry of the call that this one makes
	async    bool // nobody waits for it
	resent   bool

	hasFailed bool // a call of its children has
	retry     bool
	broken    bool
}

// work is the trace at hand.
type work struct {
	spans []span // each key once, in order of start
	root  int32
	tops  []int32 // spans without a parent, the root first
	calls []call
	about about

	rows  []row
	index []int32 // open addressing by span id: index in spans + 1
	shift uint8
	seed  uint64

	marks    []int32
	ordered  []int32 // spans in call order
	sorting  []int32
	frames   []frame
	ending   []int32
	segments []segment
	visits   []visit
	visitOf  []int32 // by node: index in visits + 1
}

// row is a span before it is loaded.
type row struct {
	start int64
	i     int32
}

// maxIdle is the trace size from which scratch memory is given back: 16,384
// spans at work are 3 MB.
const maxIdle = 1 << 14

// reset makes room for n spans.
func (w *work) reset(n int) {
	if cap(w.spans) > maxIdle && n <= maxIdle {
		*w = work{seed: w.seed}
	}
	w.spans, w.rows, w.tops, w.calls = w.spans[:0], w.rows[:0], w.tops[:0], w.calls[:0]
	w.ordered, w.segments = w.ordered[:0], w.segments[:0]
	w.root, w.about = none, about{}

	log := max(bits.Len(uint(2*n)), 4)
	w.shift = uint8(64 - log)
	if len(w.index) < 1<<log {
		w.index = make([]int32, 1<<log)
	}
	w.index = w.index[:cap(w.index)]
	clear(w.index[:1<<log])
}

// slot is where the index has span id, or would have it. The hash multiplies
// with a random odd number, so that ids cannot be chosen to collide.
func (w *work) slot(id model.SpanID) *int32 {
	mask := uint64(1)<<(64-w.shift) - 1
	h := binary.LittleEndian.Uint64(id[:]) * w.seed >> w.shift
	for {
		s := &w.index[h]
		if *s == 0 || w.spans[*s-1].id == id {
			return s
		}
		h = (h + 1) & mask
	}
}

// find returns the span of an id, the earlier one if two share it, or none.
func (w *work) find(id model.SpanID) int32 { return *w.slot(id) - 1 }

// load takes up the spans of t in order of start, each key once.
func (a *Analyzer) load(t *model.Trace) {
	w := &a.work
	w.reset(len(t.Spans))
	for i, s := range t.Spans {
		w.rows = append(w.rows, row{s.Start(), int32(i)})
	}
	slices.SortFunc(w.rows, func(x, y row) int {
		if x.start != y.start {
			return cmp.Compare(x.start, y.start)
		}
		return compare(t.Spans[x.i], t.Spans[y.i])
	})
	for _, r := range w.rows {
		a.add(t.Spans[r.i])
	}
}

// compare orders spans of the same start: the longer is likelier to be the
// cause of the shorter.
func compare(x, y model.Span) int {
	xid, yid := x.ID(), y.ID()
	return cmp.Or(cmp.Compare(y.End(), x.End()), slices.Compare(xid[:], yid[:]))
}

func (a *Analyzer) add(s model.Span) {
	w := &a.work
	id := s.ID()
	slot := w.slot(id)
	twin := *slot - 1
	if twin != none && (w.spans[twin].twin != none || w.spans[twin].Key() == s.Key()) {
		return
	}
	src := a.source(s.Batch)
	w.spans = append(w.spans, span{
		Span: s, src: src, id: id, parentID: s.ParentID(),
		start: s.Start(), end: s.End(),
		parent: none, child: none, sibling: none, twin: twin,
		node: a.nodeOf(src, s), target: none,
		kind: s.Kind(), failed: s.Status() == model.StatusError,
	})
	i := int32(len(w.spans)) - 1
	if twin == none {
		*slot = i + 1
	} else {
		w.pair(i, twin)
	}
	if w.root == none && w.spans[i].isRoot() {
		w.root = i
	}
	a.scan(i)
}

// pair makes the callee's side of a call the child of the caller's.
func (w *work) pair(x, y int32) {
	w.spans[x].twin, w.spans[y].twin = y, x
	caller, callee := x, y
	if w.spans[x].Key().Callee {
		caller, callee = y, x
	}
	w.spans[callee].parent = caller
	if w.root == callee {
		w.root = none
		for r := callee + 1; r < int32(len(w.spans)) && w.root == none; r++ {
			if w.spans[r].isRoot() {
				w.root = r
			}
		}
	}
}

// isRoot reports whether a span has no parent and no caller's side.
func (s *span) isRoot() bool { return s.parent == none && s.parentID.IsZero() }

// parentOf returns the parent of a span, or none. Of the two sides of a call
// that is the callee's, unless the span is of the caller's service.
func (w *work) parentOf(s *span) int32 {
	p := w.find(s.parentID)
	if p == none || w.spans[p].twin == none {
		return p
	}
	caller, callee := p, w.spans[p].twin
	if w.spans[callee].parent != caller {
		caller, callee = callee, caller
	}
	if s.node == w.spans[caller].node && s.node != w.spans[callee].node {
		return caller
	}
	return callee
}
