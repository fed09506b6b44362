package assemble

import (
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

// trace is a trace that is open or lingers.
type trace struct {
	id    model.TraceID
	runs  []run  // in order of arrival, repeats included
	first [1]run // what runs is in while there is one: most traces come in one request
	len   int    // spans

	since   time.Duration // arrival of the first span that is not counted
	touched time.Duration // arrival of the last span, or when it was counted

	rootEnded bool
	counted   bool        // it was counted, now or in a time that only the store knows of
	flow      *model.Flow // as it was counted, nil when that is not known here
	asks      int         // how often the store was asked in vain
	shown     *shown      // nil unless it is open and somebody looks

	list       *list
	prev, next *trace
}

// held is a batch that traces hold in memory.
type held struct {
	batch *model.Batch
	size  int64
	refs  int // traces
}

// run is rows of a batch that follow each other.
type run struct {
	held     *held
	from, to int32
}

// add appends rows from up to to of a batch.
func (t *trace) add(h *held, from, to int) {
	for row := from; row < to && !t.rootEnded; row++ {
		t.rootEnded = h.batch.ParentIDs[row].IsZero() && h.batch.Marks[row]&model.MarkNoEnd == 0
	}
	if t.runs == nil {
		t.runs = t.first[:0]
	}
	if n := len(t.runs); n == 0 || t.runs[n-1].held != h {
		h.refs++
	}
	t.runs = append(t.runs, run{h, int32(from), int32(to)})
	t.len += to - from
}

// appendSpans appends the trace's spans.
func (t *trace) appendSpans(spans []model.Span) []model.Span {
	for _, r := range t.runs {
		for row := r.from; row < r.to; row++ {
			spans = append(spans, r.held.batch.Span(int(row)))
		}
	}
	return spans
}

// batches yields each batch that the trace holds once: the runs of one follow
// each other.
func (t *trace) batches(yield func(*held) bool) {
	var last *held
	for _, r := range t.runs {
		if r.held != last && !yield(r.held) {
			return
		}
		last = r.held
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
