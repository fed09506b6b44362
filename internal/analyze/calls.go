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
		if caller := w.callerOf(i); caller != none {
			s.entry = true
			w.spans[caller].answered = true
			w.answer(caller, i)
			a.habits.meet(&a.names, w.spans[caller].node, s.node)
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

// callerOf returns the span that span i answers, or none.
func (w *work) callerOf(i int32) int32 {
	s := &w.spans[i]
	if s.parent != none && w.crosses(&w.spans[s.parent], s) {
		return s.parent
	}
	for _, l := range s.Links() {
		if l.TraceID != s.TraceID() {
			continue
		}
		from := w.find(l.SpanID)
		if from == none || from == i {
			continue
		}
		p := &w.spans[from]
		if (s.kind == model.KindConsumer || p.kind == model.KindProducer) && w.crosses(p, s) {
			return from
		}
	}
	return none
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

// answer adds the call that span entry answers.
func (w *work) answer(caller, entry int32) {
	p, s := &w.spans[caller], &w.spans[entry]
	c := call{from: p.node, to: s.node, attempt: entry, latency: s.end - s.start, failed: s.failed, answered: true}
	if calls(p.kind) {
		c.attempt, c.latency = caller, p.end-p.start
		c.failed = c.failed || p.failed
	}
	w.calls = append(w.calls, c)
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
