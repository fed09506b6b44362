package assemble

import (
	"context"
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

// Lookup is how an Assembler asks the store about traces of which it has but
// the late spans. The functions are called by one goroutine of Run's, one at a
// time. They must not wait for Observe. Without them late spans of traces that
// no longer linger are dropped, and traces are never taken for counted.
type Lookup struct {
	// Fetch returns all spans of a trace.
	Fetch func(context.Context, model.TraceID) (*model.Trace, error)
	// Counted returns the flow that was counted for a trace, and whether there
	// is one.
	Counted func(context.Context, model.TraceID) (model.FlowSummary, bool, error)
}

// answer is what the store knows of a trace.
type answer struct {
	counted model.FlowSummary
	found   bool         // there is a counted flow
	trace   *model.Trace // if found
	err     error
}

// mayBeCounted reports whether a trace whose id is not remembered can have
// been counted all the same: because this is the rest of it, without the root,
// or because it began before ids are remembered.
func (a *Assembler) mayBeCounted(t *trace) bool {
	if a.lookup.Counted == nil || a.lookup.Fetch == nil {
		return false
	}
	if !t.rootEnded {
		return true
	}
	horizon := time.Now().Add(-a.cfg.Remember).UnixNano()
	for _, s := range t.spans {
		if s.Start() < horizon {
			return true
		}
	}
	return false
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
	if a.lookup.Counted == nil || a.lookup.Fetch == nil {
		return answer{}
	}
	var r answer
	if r.counted, r.found, r.err = a.lookup.Counted(ctx, id); r.err == nil && r.found {
		r.trace, r.err = a.lookup.Fetch(ctx, id)
	}
	return r
}

// answered goes on with the trace that was asked about.
func (a *Assembler) answered(r answer) {
	t := a.asked
	a.asked = nil
	switch {
	case t == nil: // it was let go meanwhile
	case r.err == nil && r.found:
		a.correct(t, r)
		a.retire(t)
	case t.counted: // and the store does not know how
		a.counters.dropped.Add(int64(len(t.spans)))
		a.retire(t)
	default:
		a.count(t)
	}
}

// correct replaces the counted flow of a trace by that of all its spans. What
// the flow added to rollups is found by analysing the spans it was made of.
func (a *Assembler) correct(t *trace, r answer) {
	if !t.counted {
		a.counters.late.Add(int64(len(t.spans)))
	}
	all := append(r.trace.Spans[:len(r.trace.Spans):len(r.trace.Spans)], t.spans...)
	f := a.analyzer.Flow(&model.Trace{ID: t.id, Spans: all})
	fresh := int(f.SpanCount) - int(r.counted.SpanCount)
	before, ok := without(all, t.spans, fresh)
	switch {
	case fresh <= 0:
		a.counters.unchanged.Add(1)
	case !ok:
		a.counters.dropped.Add(int64(fresh))
	default:
		old := a.analyzer.Flow(&model.Trace{ID: t.id, Spans: before})
		old.FlowSummary = r.counted
		f.Revision = r.counted.Revision + 1
		a.counters.corrected.Add(1)
		a.emit(f, old)
	}
	for _, s := range r.trace.Spans {
		a.analyzer.Forget(s.Batch)
	}
}

// without returns the spans of all but the n that came last among late. It
// reports false when there are fewer late ones, or none would be left.
func without(all, late []model.Span, n int) ([]model.Span, bool) {
	if n <= 0 {
		return nil, false
	}
	last := map[model.SpanID]bool{}
	for i := len(late) - 1; i >= 0 && len(last) < n; i-- {
		last[late[i].ID()] = true
	}
	var rest []model.Span
	for _, s := range all {
		if !last[s.ID()] {
			rest = append(rest, s)
		}
	}
	return rest, len(last) == n && len(rest) > 0
}
