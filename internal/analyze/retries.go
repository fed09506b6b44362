package analyze

import (
	"cmp"
	"slices"
	"strings"
)

// markRetries marks the calls that repeat a failed one.
func (a *Analyzer) markRetries() {
	w := &a.work
	for i := range w.calls {
		c := &w.calls[i]
		s := &w.spans[c.attempt]
		c.retry = s.resent
		if c.failed && s.parent != none {
			w.spans[s.parent].hasFailed = true
		}
	}
	w.markRepeats()
	for i := range w.calls {
		c := &w.calls[i]
		s := &w.spans[c.attempt]
		s.retry = s.retry || c.retry
	}
}

// markRepeats sorts the calls that have a failed sibling, so that attempts at
// the same thing follow each other, and marks those that come after a failed
// one.
func (w *work) markRepeats() {
	w.sorting = w.sorting[:0]
	for i := range w.calls {
		if p := w.attemptOf(int32(i)).parent; p != none && w.spans[p].hasFailed {
			w.sorting = append(w.sorting, int32(i))
		}
	}
	slices.SortFunc(w.sorting, func(x, y int32) int {
		if c := w.compareThing(x, y); c != 0 {
			return c
		}
		return cmp.Or(cmp.Compare(w.attemptOf(x).start, w.attemptOf(y).start), cmp.Compare(x, y))
	})
	for i := 1; i < len(w.sorting); i++ {
		before, after := w.sorting[i-1], w.sorting[i]
		if w.calls[before].failed && w.compareThing(before, after) == 0 &&
			w.attemptOf(before).end <= w.attemptOf(after).start {
			w.calls[after].retry = true
		}
	}
}

func (w *work) attemptOf(i int32) *span { return &w.spans[w.calls[i].attempt] }

// compareThing orders calls by what they attempt: parent, peer and name.
func (w *work) compareThing(x, y int32) int {
	a, b := w.attemptOf(x), w.attemptOf(y)
	if a.parent != b.parent {
		return cmp.Compare(a.parent, b.parent)
	}
	if w.calls[x].to != w.calls[y].to {
		return cmp.Compare(w.calls[x].to, w.calls[y].to)
	}
	return strings.Compare(a.Name(), b.Name())
}
