package analyze

import (
	"cmp"
	"slices"

	"github.com/flowscope/flowscope/internal/model"
)

// link finds every span's parent and children.
func (w *work) link() {
	backwards := false // a cycle has a parent that starts after its child
	for i := range w.spans {
		s := &w.spans[i]
		if s.parent == none { // else it has been paired
			if s.parentID.IsZero() {
				continue
			}
			if p := w.parentOf(s); p != int32(i) {
				s.parent = p
			}
		}
		s.orphan = s.parent == none
		backwards = backwards || s.parent > int32(i)
	}
	if backwards {
		w.cutCycles()
	}
	for i := int32(len(w.spans)) - 1; i >= 0; i-- {
		if p := w.spans[i].parent; p != none {
			w.spans[i].sibling = w.spans[p].child
			w.spans[p].child = i
		}
	}
	if w.root != none {
		w.tops = append(w.tops, w.root)
	}
	for i := range w.spans {
		if w.spans[i].parent == none && int32(i) != w.root {
			w.tops = append(w.tops, int32(i))
		}
	}
}

// cutCycles makes the earliest span of every cycle of parents an orphan. It
// walks up from each span until it meets one it has marked: on an earlier
// walk, or on this one, which is a cycle.
func (w *work) cutCycles() {
	w.marks = append(w.marks[:0], make([]int32, len(w.spans))...)
	for i := range w.spans {
		at, walk := int32(i), int32(i)+1
		for at != none && w.marks[at] == 0 {
			w.marks[at] = walk
			at = w.spans[at].parent
		}
		if at == none || w.marks[at] != walk {
			continue
		}
		first := at
		for p := w.spans[at].parent; p != at; p = w.spans[p].parent {
			first = min(first, p)
		}
		w.spans[first].parent, w.spans[first].orphan = none, true
	}
}

// order lists the spans in call order, depth first and by start, and corrects
// the clocks of children on the way down.
func (w *work) order() {
	for _, top := range w.tops {
		at := top
		for at != none {
			w.ordered = append(w.ordered, at)
			if w.spans[at].child != none {
				w.correctChildren(at)
				at = w.spans[at].child
				continue
			}
			for at != top && w.spans[at].sibling == none {
				at = w.spans[at].parent
			}
			if at == top {
				break
			}
			at = w.spans[at].sibling
		}
	}
}

// correctChildren puts the children of a span on its clock.
func (w *work) correctChildren(parent int32) {
	p, shifted := &w.spans[parent], false
	for c := p.child; c != none; c = w.spans[c].sibling {
		s := &w.spans[c]
		s.async = s.kind == model.KindConsumer && (p.kind == model.KindProducer || p.node != s.node)
		if s.skew = skew(p, s); s.skew != 0 {
			s.start += s.skew
			s.end += s.skew
			shifted = true
		}
	}
	if shifted {
		w.sortChildren(p)
	}
}

// skew is by how many ns the clock of child c has to be put forward to fit its
// parent, whose times are corrected already.
func skew(p, c *span) int64 {
	if sameClock(p, c) {
		return p.skew
	}
	start, end := c.Start(), c.End()
	slack := (p.end - p.start) - (end - start)
	// A caller that gave up, or does not wait, may end before what it called.
	mayEndLater := slack < 0 || c.async || p.failed ||
		(start >= p.end && p.kind != model.KindClient && p.kind != model.KindUnspecified)
	switch {
	case start < p.start && mayEndLater:
		return p.start - start
	case start < p.start, end > p.end && !mayEndLater:
		return p.start + slack/2 - start
	default:
		return 0
	}
}

// sameClock reports whether two spans were timed by one clock.
func sameClock(x, y *span) bool {
	if x.src == y.src && x.src.batch.ResourceOf[x.Row] == y.src.batch.ResourceOf[y.Row] {
		return true
	}
	a, b := x.Resource(), y.Resource()
	if a.Node != "" && b.Node != "" {
		return a.Node == b.Node
	}
	return a.Service == b.Service && a.Namespace == b.Namespace && a.Instance == b.Instance && a.Pod == b.Pod
}

// sortChildren puts the children of p in order of their corrected start.
func (w *work) sortChildren(p *span) {
	w.sorting = w.sorting[:0]
	for c := p.child; c != none; c = w.spans[c].sibling {
		w.sorting = append(w.sorting, c)
	}
	slices.SortFunc(w.sorting, func(x, y int32) int {
		return cmp.Or(cmp.Compare(w.spans[x].start, w.spans[y].start), cmp.Compare(x, y))
	})
	next := none
	for _, c := range slices.Backward(w.sorting) {
		w.spans[c].sibling = next
		next = c
	}
	p.child = next
}
