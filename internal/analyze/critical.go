package analyze

import (
	"cmp"
	"slices"
)

// selfTimes takes the union of its children off every span's duration.
func (w *work) selfTimes() {
	for i := range w.spans {
		s := &w.spans[i]
		s.self = s.end - s.start
		covered := s.start // children are in order of start: all before is dealt with
		for c := s.child; c != none; c = w.spans[c].sibling {
			k := &w.spans[c]
			from, to := max(k.start, covered), min(k.end, s.end)
			if !k.async && to > from {
				s.self -= to - from
				covered = to
			}
		}
	}
}

// segment is a stretch of the critical path within one span.
type segment struct {
	span       int32
	start, end int64
}

// frame is a span that the walk along the critical path is in.
type frame struct {
	span       int32
	from, to   int64 // the part of the span that counts
	at         int64 // all after this is dealt with
	next, kids int   // its children in work.ending: those yet to be looked at, and the first
}

// criticalPath charges every moment of the root to the span that the root was
// waiting for. It walks back from the root's end: what of a span comes after
// its last finishing child is its own, then the walk goes through that child
// and on from the child's start, past the children that ran beside it.
func (w *work) criticalPath() {
	if w.root == none {
		return
	}
	w.enter(w.root, w.spans[w.root].start, w.spans[w.root].end)
	for len(w.frames) > 0 {
		f := &w.frames[len(w.frames)-1]
		child, from, to := w.lastFinished(f)
		if child == none {
			w.charge(f.span, f.from, f.at)
			w.ending = w.ending[:f.kids]
			w.frames = w.frames[:len(w.frames)-1]
			continue
		}
		w.charge(f.span, to, f.at)
		f.at = from
		w.enter(child, from, to)
	}
	slices.Reverse(w.segments)
}

// enter begins the walk through the part of a span between from and to.
func (w *work) enter(i int32, from, to int64) {
	kids := len(w.ending)
	for c := w.spans[i].child; c != none; c = w.spans[c].sibling {
		k := &w.spans[c]
		if !k.async && k.end > from && k.start < to && k.end > k.start {
			w.ending = append(w.ending, c)
		}
	}
	slices.SortFunc(w.ending[kids:], func(x, y int32) int {
		return cmp.Or(cmp.Compare(w.spans[y].end, w.spans[x].end), cmp.Compare(x, y))
	})
	w.frames = append(w.frames, frame{span: i, from: from, to: to, at: to, next: kids, kids: kids})
}

// lastFinished returns the child that finished last up to f.at, clipped to f,
// or none.
func (w *work) lastFinished(f *frame) (child int32, from, to int64) {
	for f.next < len(w.ending) {
		child = w.ending[f.next]
		f.next++
		from, to = max(w.spans[child].start, f.from), min(w.spans[child].end, f.to)
		if to <= f.at {
			return child, from, to
		}
	}
	return none, 0, 0
}

func (w *work) charge(i int32, from, to int64) {
	if to > from {
		w.spans[i].critical += to - from
		w.segments = append(w.segments, segment{i, from, to})
	}
}
