package assemble

import (
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

// trace is a trace that is open or lingers.
type trace struct {
	id      model.TraceID
	spans   []model.Span // in order of arrival, repeats included
	batches []*held      // that the spans are in

	since   time.Duration // arrival of the first span that is not counted
	touched time.Duration // arrival of the last span, or when it was counted

	rootEnded bool
	counted   bool        // it was counted, now or in a time that only the store knows of
	flow      *model.Flow // as it was counted, nil when that is not known here
	asks      int         // how often the store was asked in vain

	list       *list
	prev, next *trace
}

// held is a batch that traces hold in memory.
type held struct {
	batch *model.Batch
	size  int64
	refs  int // traces
}

// add appends rows from up to to of a batch.
func (t *trace) add(h *held, from, to int) {
	for row := from; row < to; row++ {
		s := h.batch.Span(row)
		t.spans = append(t.spans, s)
		if s.ParentID().IsZero() && s.Marks()&model.MarkNoEnd == 0 {
			t.rootEnded = true
		}
	}
	if n := len(t.batches); n == 0 || t.batches[n-1] != h {
		t.batches = append(t.batches, h)
		h.refs++
	}
}

// list is traces in order of when they were touched, the longest ago first.
type list struct {
	head, tail *trace
	len        int
}

// push puts t at the end of l, from wherever it was.
func (l *list) push(t *trace) {
	t.unlink()
	t.list, t.prev = l, l.tail
	if l.tail != nil {
		l.tail.next = t
	} else {
		l.head = t
	}
	l.tail = t
	l.len++
}

// unlink takes t off its list, if it is on one.
func (t *trace) unlink() {
	l := t.list
	if l == nil {
		return
	}
	if t.prev != nil {
		t.prev.next = t.next
	} else {
		l.head = t.next
	}
	if t.next != nil {
		t.next.prev = t.prev
	} else {
		l.tail = t.prev
	}
	l.len--
	t.list, t.prev, t.next = nil, nil, nil
}

// quietSince returns the first trace of l if it was not touched for a time.
func (l *list) quietSince(now, quiet time.Duration) *trace {
	if l.head == nil || now-l.head.touched < quiet {
		return nil
	}
	return l.head
}
