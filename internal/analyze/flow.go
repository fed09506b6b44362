package analyze

import (
	"strings"

	"github.com/flowscope/flowscope/internal/model"
)

// visit is what the flow did at a node.
type visit struct {
	node           int32
	requests       int32
	errors         int32
	hasSpans       bool
	self, critical int64
	latencies      int32 // where in the flow's the next of its own goes
}

// flow sums up the trace at work.
func (a *Analyzer) flow(t *model.Trace) *model.Flow {
	a.visit()
	f := &model.Flow{FlowSummary: a.summary(t)}
	f.Shape, f.Services = a.shapes.of(a)
	a.addVisits(f)
	a.addCalls(f)
	return f
}

func (a *Analyzer) summary(t *model.Trace) *model.FlowSummary {
	w := &a.work
	head := &w.spans[w.tops[0]]
	s := &model.FlowSummary{
		TraceID: t.ID, NoRoot: w.root == none, Status: w.status(), SpanCount: uint32(len(w.spans)),
		Start: head.start, End: head.end,
		UIEvent: a.names.text(w.about.label(keyUIEvent)),
		User:    strings.Clone(cut(w.about.label(keyUser))),
		Session: strings.Clone(cut(w.about.label(keySession))),
	}
	first := none // to fail
	for i := range w.spans {
		k := &w.spans[i]
		s.Start, s.End = min(s.Start, k.start), max(s.End, k.end)
		if k.orphan {
			s.Orphans++
		}
		if k.failed {
			s.ErrorCount++
			if first == none || k.end < w.spans[first].end {
				first = int32(i)
			}
		}
	}
	if first != none {
		s.Error = strings.Clone(cut(message(w.spans[first].Span)))
	}
	s.Duration = s.End - s.Start
	if !s.NoRoot && head.Marks()&model.MarkNoEnd == 0 {
		s.Duration = head.end - head.start
	}
	if !s.NoRoot {
		s.RootService, s.RootName = a.names.nodes[head.node], a.names.text(head.Name())
	}
	operation := w.about.operation
	if operation == "" {
		operation = head.Name()
	}
	s.Operation = a.names.label(a.names.operations, operation)
	s.Environment = a.names.label(a.names.environments, w.environment())
	return s
}

// environment is the root's, else the earliest span's that says one.
func (w *work) environment() string {
	if e := w.spans[w.tops[0]].Resource().Environment; e != "" {
		return e
	}
	for i := range w.spans {
		if e := w.spans[i].Resource().Environment; e != "" {
			return e
		}
	}
	return ""
}

// visit adds the spans up by node, in the order the flow reached them.
func (a *Analyzer) visit() {
	w := &a.work
	w.visits = w.visits[:0]
	if grow := len(a.names.nodes) - len(w.visitOf); grow > 0 {
		w.visitOf = append(w.visitOf, make([]int32, grow)...)
	}
	for _, i := range w.ordered {
		s := &w.spans[i]
		v := w.visitAt(s.node)
		v.hasSpans = true
		if s.entry {
			v.requests++
			v.errors += one(s.failed)
		}
		if s.target != none {
			v = w.visitAt(s.target)
		}
		v.self += s.self
		v.critical += s.critical
	}
	for i := range w.calls {
		c := &w.calls[i]
		w.visitAt(c.from)
		v := w.visitAt(c.to)
		if a.names.nodes[c.to].Kind != model.NodeService {
			v.requests++
			v.errors += one(c.failed)
		}
	}
	for _, v := range w.visits {
		w.visitOf[v.node] = 0
	}
}

func (w *work) visitAt(node int32) *visit {
	if w.visitOf[node] == 0 {
		w.visits = append(w.visits, visit{node: node})
		w.visitOf[node] = int32(len(w.visits))
	}
	return &w.visits[w.visitOf[node]-1]
}

// addVisits gives f its visits, and their latencies in one array.
func (a *Analyzer) addVisits(f *model.Flow) {
	w := &a.work
	total := int32(0)
	f.Visits = make([]model.Visit, len(w.visits))
	for i := range w.visits {
		v := &w.visits[i]
		f.Visits[i] = model.Visit{Requests: uint32(v.requests), Errors: uint32(v.errors), Self: v.self, Critical: v.critical}
		v.latencies = total
		total += v.requests
		w.visitOf[v.node] = int32(i) + 1
	}
	f.Latencies = make([]int64, total)
	put := func(node int32, ns int64) {
		v := &w.visits[w.visitOf[node]-1]
		f.Latencies[v.latencies] = ns
		v.latencies++
	}
	for _, i := range w.ordered {
		if s := &w.spans[i]; s.entry {
			put(s.node, s.end-s.start)
		}
	}
	for i := range w.calls {
		if c := &w.calls[i]; a.names.nodes[c.to].Kind != model.NodeService {
			put(c.to, c.latency)
		}
	}
	for i := range w.visits {
		w.visitOf[w.visits[i].node] = 0
	}
}

func (a *Analyzer) addCalls(f *model.Flow) {
	f.Calls = make([]model.Call, len(a.work.calls))
	for i, c := range a.work.calls {
		f.Calls[i] = model.Call{Latency: c.latency, Failed: c.failed, Retry: c.retry, Broken: c.broken}
	}
}

func one(b bool) int32 {
	if b {
		return 1
	}
	return 0
}
