package analyze

import "github.com/flowscope/flowscope/internal/model"

// Analysis is a trace with everything that is shown of it.
type Analysis struct {
	Flow         *model.Flow
	Spans        []Span    // in call order: depth first, by corrected start
	CriticalPath []Segment // in order of time
}

// Span is a span and what analysis found out about it.
type Span struct {
	model.Span
	Node      model.Node  // the service it ran in
	Peer      *model.Node // the node it called when no span answered, else nil
	Parent    int         // index in Analysis.Spans, -1 when it has none
	Depth     int
	Offset    int64 // ns from the flow's start, corrected
	Self      int64 // ns
	Critical  int64 // ns of it on the critical path
	ClockSkew int64 // ns added to its times to fit its parent, 0 when they were left alone
	Failed    bool
	Orphan    bool // its parent is not there
	Retry     bool
	Broken    bool // refused by an open circuit breaker
}

// Segment is a stretch of the critical path.
type Segment struct {
	Span     int   // index in Analysis.Spans
	Offset   int64 // ns from the flow's start, corrected
	Duration int64 // ns
}

// Trace analyses a trace, which must have a span, for showing it. usual is the
// rolled-up graph of the time around it, from which circuit breaks and the
// services behind refused connections are told; without it, nil, only what the
// trace itself says is known.
func Trace(t *model.Trace, c Config, usual *model.Graph) *Analysis {
	a := New(c)
	if usual != nil {
		a.recall(usual)
	}
	return a.view(t)
}

func (a *Analyzer) view(t *model.Trace) *Analysis {
	a.showing = true
	defer func() { a.showing = false }()
	a.analyse(t)
	flow := a.flow(t)
	w := &a.work
	v := &Analysis{Flow: flow, Spans: make([]Span, len(w.ordered)), CriticalPath: make([]Segment, len(w.segments))}
	place := make([]int, len(w.spans)) // where a span at work is in v.Spans
	for at, i := range w.ordered {
		place[i] = at
		s := a.viewSpan(&w.spans[i], flow.Start)
		if p := w.spans[i].parent; p != none {
			s.Parent = place[p]
			s.Depth = v.Spans[s.Parent].Depth + 1
		}
		v.Spans[at] = s
	}
	for i, s := range w.segments {
		v.CriticalPath[i] = Segment{Span: place[s.span], Offset: s.start - flow.Start, Duration: s.end - s.start}
	}
	return v
}

func (a *Analyzer) viewSpan(s *span, start int64) Span {
	v := Span{
		Span: s.Span, Node: a.names.nodes[s.node], Parent: -1,
		Offset: s.start - start, Self: s.self, Critical: s.critical, ClockSkew: s.skew,
		Failed: s.failed, Orphan: s.orphan, Retry: s.retry, Broken: s.broken,
	}
	if s.target != none {
		v.Peer = &a.names.nodes[s.target]
	}
	return v
}
