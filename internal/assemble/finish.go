package assemble

import (
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

// tick is the shortest time between two looks at what is due: traces that are
// due soon after each other are dealt with together.
const tick = 50 * time.Millisecond

// untilDue is how long nothing will be due.
func (a *Assembler) untilDue() time.Duration {
	now, wait := a.now(), time.Hour
	if len(a.behind) > 0 {
		wait = showEvery
	}
	for l, quiet := range a.deadlines() {
		if l.head != nil {
			wait = min(wait, l.head.touched+quiet-now)
		}
	}
	return max(wait, tick)
}

// deadlines yields the lists that time moves on, with how long traces stay.
func (a *Assembler) deadlines() func(yield func(*list, time.Duration) bool) {
	return func(yield func(*list, time.Duration) bool) {
		_ = yield(&a.settling, a.cfg.Quiet) && yield(&a.waiting, a.cfg.Deadline) && yield(&a.lingering, a.cfg.Linger)
	}
}

// finishDue deals with all traces whose time has come.
func (a *Assembler) finishDue() {
	now := a.now()
	for l, quiet := range a.deadlines() {
		for t := l.quietSince(now, quiet); t != nil; t = l.quietSince(now, quiet) {
			if l == &a.lingering {
				a.retire(t)
			} else {
				a.finish(t)
			}
		}
	}
}

// finish counts a trace, corrects what was counted of it, or asks the store
// which of the two it is.
func (a *Assembler) finish(t *trace) {
	switch {
	case t.flow != nil:
		a.recount(t)
	case t.counted || a.mayBeCounted(t):
		a.asking.push(t)
		a.asksMade++
	default:
		a.count(t)
	}
}

// count analyses a trace that was never counted.
func (a *Assembler) count(t *trace) {
	t.flow = a.analyzer.Count(a.whole(t))
	a.counters.analysed.Add(1)
	a.emit(t.flow, nil)
	a.linger(t)
}

// whole is a trace as the analyzer takes it, until linger.
func (a *Assembler) whole(t *trace) *model.Trace {
	s := &a.scratch
	s.ID, s.Spans = t.id, t.appendSpans(s.Spans[:0])
	return s
}

// recount analyses a counted trace again, with its late spans.
func (a *Assembler) recount(t *trace) {
	f, before := a.analyzer.Flow(a.whole(t)), t.flow
	if f.SpanCount == before.SpanCount {
		a.counters.unchanged.Add(1)
	} else {
		f.Revision = before.Revision + 1
		t.flow = f
		a.counters.corrected.Add(1)
		a.emit(f, before)
	}
	a.linger(t)
}

func (a *Assembler) emit(f, replaces *model.Flow) {
	for _, s := range a.subscribers {
		s(f, replaces)
	}
}

// linger keeps a trace that was counted just now.
func (a *Assembler) linger(t *trace) {
	clear(a.scratch.Spans) // they hold batches in memory
	a.unshow(t)
	t.counted = true
	t.touched = a.now()
	a.lingering.push(t)
}

// retire lets go a counted trace, except for its id.
func (a *Assembler) retire(t *trace) {
	t.unlink()
	a.unshow(t)
	delete(a.traces, t.id)
	a.memory.add(t.id, a.began, a.now())
	for h := range t.batches {
		if h.refs--; h.refs == 0 {
			a.bytes -= h.size
			a.analyzer.Forget(h.batch)
		}
	}
	t.runs, t.first, t.len = nil, [1]run{}, 0
}

// makeRoom lets go traces until what is held is within the limits: those that
// linger, then those that are nearest to being complete.
func (a *Assembler) makeRoom() {
	for a.bytes > a.cfg.MaxBytes || len(a.traces) > a.cfg.MaxTraces || a.lingering.len > (a.cfg.MaxTraces+2)/3 {
		switch {
		case a.lingering.head != nil:
			a.retire(a.lingering.head)
		case a.settling.head != nil:
			a.force(a.settling.head)
		case a.waiting.head != nil:
			a.force(a.waiting.head)
		case a.asked != nil:
			a.force(a.asked)
			a.asked = nil // nobody waits for the answer
			a.asksDone++
		case a.asking.head != nil:
			a.force(a.asking.head)
			a.asksDone++
		default:
			return
		}
	}
}

// force deals with an open trace at once, by what is known here.
func (a *Assembler) force(t *trace) {
	a.counters.forced.Add(1)
	switch {
	case t.flow != nil:
		a.recount(t)
	case t.counted:
		a.counters.dropped.Add(int64(t.len))
	default:
		a.count(t)
	}
	a.retire(t)
}
