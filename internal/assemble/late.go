package assemble

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/flowscope/flowscope/internal/model"
)

// Lookup is how an Assembler asks the store about traces of which it has but
// the late spans. The functions are called by one goroutine of Run's, one at a
// time. They must not wait for Observe. Without them late spans of traces that
// no longer linger are dropped, and traces are never taken for counted.
type Lookup struct {
	// Fetch returns all spans of a trace.
	Fetch func(context.Context, model.TraceID) (*model.Trace, error)
	// Settled returns the spans of a trace that came before the last barrier
	// that was passed, or model.ErrNotFound: if the trace was counted by then,
	// the spans it was counted from.
	Settled func(context.Context, model.TraceID) (*model.Trace, error)
	// Counted returns the flow that was counted for a trace, and whether there
	// is one.
	Counted func(context.Context, model.TraceID) (model.FlowSummary, bool, error)
}

// answer is what the store knows of a trace.
type answer struct {
	counted model.FlowSummary
	found   bool         // there is a counted flow
	trace   *model.Trace // if found
	exact   bool         // the trace is the spans that were counted, else all that are stored
	err     error
}

// mayBeCounted reports whether a trace that is not known to have been counted can
// have been all the same: because this is the rest of it, without the root, or
// because of what the memory cannot rule out.
func (a *Assembler) mayBeCounted(t *trace) bool {
	if a.lookup.Counted == nil {
		return false
	}
	if !t.rootEnded {
		return true
	}
	start := int64(math.MaxInt64)
	for _, r := range t.runs {
		start = min(start, slices.Min(r.held.batch.Starts[r.from:r.to]))
	}
	return a.memory.mayHave(t.id, start)
}

// nextAsk is the next trace to ask about and where to send it, a nil channel
// when there is none or an answer is awaited.
func (a *Assembler) nextAsk() (chan<- model.TraceID, model.TraceID) {
	if a.asked != nil || a.asking.head == nil {
		return nil, model.TraceID{}
	}
	return a.asks, a.asking.head.id
}

// answerAsks asks the store, beside Run, until ctx ends.
func (a *Assembler) answerAsks(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case id := <-a.asks:
			select {
			case a.answers <- a.ask(ctx, id):
			case <-ctx.Done():
				return
			}
		}
	}
}

func (a *Assembler) ask(ctx context.Context, id model.TraceID) answer {
	if a.lookup.Counted == nil {
		return answer{}
	}
	var r answer
	if r.counted, r.found, r.err = a.lookup.Counted(ctx, id); r.err != nil || !r.found {
		return r
	}
	r.trace, r.err = a.lookup.Settled(ctx, id)
	r.exact = r.err == nil && len(r.trace.Spans) == int(r.counted.SpanCount)
	if !r.exact && (r.err == nil || errors.Is(r.err, model.ErrNotFound)) {
		r.trace, r.err = a.lookup.Fetch(ctx, id)
	}
	return r
}

// answered goes on with the trace that was asked about.
func (a *Assembler) answered(r answer) {
	t := a.asked
	if t == nil { // it was let go meanwhile
		return
	}
	a.asked = nil
	a.asksDone++
	switch {
	case r.err == nil && r.found:
		a.correct(t, r)
	case t.counted: // and the store does not know how
		a.counters.dropped.Add(int64(t.len))
		a.retire(t)
	default:
		a.count(t)
	}
}

// maxAsks is how often the store is asked about a trace of which it has spans
// that were not observed yet: they are on their way.
const maxAsks = 5

// correct replaces the counted flow of a trace by that of all its spans. What
// the flow added to rollups is found by analysing the spans it was made of.
func (a *Assembler) correct(t *trace, r answer) {
	if !t.counted {
		t.counted = true
		a.unshow(t)
		a.counters.late.Add(int64(t.len))
	}
	all := t.appendSpans(slices.Clip(r.trace.Spans))
	f := a.analyzer.Flow(&model.Trace{ID: t.id, Spans: all})
	fresh := int(f.SpanCount) - int(r.counted.SpanCount)
	old := a.counted(t, r, all, fresh)
	for _, s := range r.trace.Spans {
		a.analyzer.Forget(s.Batch)
	}
	switch {
	case fresh <= 0:
		a.counters.unchanged.Add(1)
	case old != nil:
		old.FlowSummary = &r.counted
		f.Revision = r.counted.Revision + 1
		a.counters.corrected.Add(1)
		a.emit(f, old)
	case t.asks < maxAsks:
		t.asks++
		t.touched = a.now()
		a.settling.push(t)
		return
	default:
		a.counters.dropped.Add(int64(fresh))
	}
	a.retire(t)
}

// counted analyses the spans that a flow was counted from: those the store
// says, else all but the last to come. It returns nil when these cannot be
// what was counted.
func (a *Assembler) counted(t *trace, r answer, all []model.Span, fresh int) *model.Flow {
	if fresh <= 0 {
		return nil
	}
	if r.exact {
		return a.analyzer.Flow(&model.Trace{ID: t.id, Spans: r.trace.Spans})
	}
	before, ok := without(all, all[len(r.trace.Spans):], fresh)
	if !ok {
		return nil
	}
	f, c := a.analyzer.Flow(&model.Trace{ID: t.id, Spans: before}), &r.counted
	if f.Start != c.Start || f.End != c.End || f.ErrorCount != c.ErrorCount || f.Orphans != c.Orphans || f.NoRoot != c.NoRoot {
		return nil
	}
	return f
}

// without returns the spans of all but the n that came last among late. It
// reports false when there are fewer late ones, or none would be left.
func without(all, late []model.Span, n int) ([]model.Span, bool) {
	if n <= 0 {
		return nil, false
	}
	last := map[model.SpanKey]bool{}
	for i := len(late) - 1; i >= 0 && len(last) < n; i-- {
		last[late[i].Key()] = true
	}
	var rest []model.Span
	for _, s := range all {
		if !last[s.Key()] {
			rest = append(rest, s)
		}
	}
	return rest, len(last) == n && len(rest) > 0
}
