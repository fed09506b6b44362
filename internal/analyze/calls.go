package analyze

import "github.com/flowscope/flowscope/internal/model"

// call is one call along an edge.
type call struct {
	from, to int32 // nodes
	attempt  int32 // the span that stands for it among its siblings: the caller's, else the entry
	latency  int64 // ns
	answered bool  // a span of the callee is there
	failed   bool
	retry    bool
	broken   bool
}

// findCalls marks the entry spans and lists the calls, in call order: first
// those that a span of the callee answers, then those that none does.
func (a *Analyzer) findCalls() {
	w := &a.work
	for _, i := range w.ordered {
		s := &w.spans[i]
		if a.answerCallers(i) {
			s.entry = true
			continue
		}
		s.entry = w.beginsUncalled(s)
		if s.kind == model.KindConsumer && s.entry {
			a.takeFromQueue(i)
		}
	}
	for _, i := range w.ordered {
		if s := &w.spans[i]; a.findPeer(s) {
			w.calls = append(w.calls, call{
				from: s.node, to: s.target, attempt: i, latency: s.end - s.start, failed: s.failed,
			})
		}
	}
}

// answerCallers adds the calls that span i answers and reports whether there
// are any: that of its parent, and for a batch of messages those of all
// services that sent one.
func (a *Analyzer) answerCallers(i int32) bool {
	w := &a.work
	s, first := &w.spans[i], len(w.calls)
	if s.parent != none && w.crosses(&w.spans[s.parent], s) {
		a.answer(s.parent, i, first)
	}
	for _, l := range s.Links() {
		if l.TraceID != s.TraceID() {
			continue
		}
		from := w.find(l.SpanID)
		if from == none || from == i || !w.crosses(&w.spans[from], s) {
			continue
		}
		// What a consumer with a caller links to besides is a caller only if it
		// sent a message.
		known := len(w.calls) > first
		if w.spans[from].kind == model.KindProducer && (!known || s.kind == model.KindConsumer) ||
			s.kind == model.KindConsumer && !known {
			a.answer(from, i, first)
		}
	}
	return len(w.calls) > first
}

// crosses reports whether the step from p to s leaves the service, or leaves
// it and comes back.
func (w *work) crosses(p, s *span) bool {
	return p.node != s.node ||
		(p.kind == model.KindClient && s.kind == model.KindServer) ||
		(p.kind == model.KindProducer && s.kind == model.KindConsumer)
}

// beginsUncalled reports whether a span with no caller in the trace is an
// entry all the same.
func (w *work) beginsUncalled(s *span) bool {
	switch {
	case s.parent != none:
		// A consumer below its own service's loop, of a message from another
		// trace. Below a receiving span that one is the entry.
		return s.kind == model.KindConsumer && w.spans[s.parent].kind != model.KindConsumer && len(s.Links()) > 0
	case !s.orphan:
		return true
	default:
		return s.kind != model.KindInternal && !calls(s.kind)
	}
}

// answer adds the call by which span caller reached span entry, unless there is
// one from the caller's service among the calls from first on: an entry counts
// once for each service that caused it.
func (a *Analyzer) answer(caller, entry int32, first int) {
	w := &a.work
	p, s := &w.spans[caller], &w.spans[entry]
	p.answered = true
	for _, c := range w.calls[first:] {
		if c.from == p.node {
			return
		}
	}
	c := call{from: p.node, to: s.node, attempt: entry, latency: s.end - s.start, failed: s.failed, answered: true}
	if calls(p.kind) {
		c.attempt, c.latency = caller, p.end-p.start
		c.failed = c.failed || p.failed
	}
	w.calls = append(w.calls, c)
	a.habits.meet(&a.names, p.node, s.node)
}

// takeFromQueue adds the call to a consumer whose producer is not in the trace.
func (a *Analyzer) takeFromQueue(i int32) {
	w := &a.work
	s := &w.spans[i]
	p, ok := a.peerOf(s)
	if !ok || p.kind != model.NodeQueue {
		return
	}
	w.calls = append(w.calls, call{
		from: a.names.peerNode(p), to: s.node, attempt: i, latency: s.end - s.start, failed: s.failed, answered: true,
	})
}
