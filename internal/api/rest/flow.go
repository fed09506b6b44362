package rest

import (
	"net/http"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/query"
)

type flowDetail struct {
	flow
	Graph        graph         `json:"graph"`
	Metadata     flowMetadata  `json:"metadata"`
	CriticalPath []segment     `json:"criticalPath"`
	Sequence     []step        `json:"sequence"`
	Errors       []spanFailure `json:"errors"`
}

type flowMetadata struct {
	Environment   string `json:"environment"`
	OperationName string `json:"operationName"`
	UIEvent       string `json:"uiEvent,omitempty"`
	TotalDuration int64  `json:"totalDuration"` // ns
	TotalSpans    uint32 `json:"totalSpans"`
	ErrorCount    uint32 `json:"errorCount"`
}

type segment struct {
	SpanID   string `json:"spanId"`
	Service  string `json:"service"` // node id
	Name     string `json:"name"`
	Offset   int64  `json:"offset"`   // ns from the flow's start
	Duration int64  `json:"duration"` // ns
}

// step is one call of the sequence.
type step struct {
	Step         int    `json:"step"` // from 1
	SpanID       string `json:"spanId"`
	ParentSpanID string `json:"parentSpanId"`
	Service      string `json:"service"` // node id
	Pod          string `json:"pod"`
	Name         string `json:"name"`
	Kind         string `json:"kind"`
	Depth        int    `json:"depth"`
	Offset       int64  `json:"offset"`   // ns from the flow's start, corrected for skew
	Duration     int64  `json:"duration"` // ns
	SelfTime     int64  `json:"selfTime"` // ns
	Status       string `json:"status"`
	Retry        bool   `json:"retry"`
	CircuitBreak bool   `json:"circuitBreak"`
	Orphan       bool   `json:"orphan"`
	ClockSkew    int64  `json:"clockSkew"` // ns added to its times
}

type spanFailure struct {
	SpanID     string    `json:"spanId"`
	Service    string    `json:"service"` // node id
	Name       string    `json:"name"`
	Message    string    `json:"message"`
	Time       timestamp `json:"time"`
	Type       string    `json:"type,omitempty"`
	Stacktrace string    `json:"stacktrace,omitempty"`
}

func (a *API) flow(r *http.Request, p *params) (any, error) {
	if err := p.done(); err != nil {
		return nil, err
	}
	t, err := a.traceOf(r, "flowId")
	if err != nil {
		return nil, err
	}
	f := t.Flow.FlowSummary
	status, err := a.statusOf(r.Context(), f)
	if err != nil {
		return nil, err
	}
	out := flowDetail{
		flow:  flowOf(f),
		Graph: graphOf(t.Graph),
		Metadata: flowMetadata{
			Environment: f.Environment, OperationName: f.Operation, UIEvent: f.UIEvent,
			TotalDuration: f.Duration, TotalSpans: f.SpanCount, ErrorCount: f.ErrorCount,
		},
		CriticalPath: segmentsOf(t),
		Sequence:     make([]step, len(t.Spans)),
		Errors:       []spanFailure{},
	}
	out.Status = status
	for i := range t.Spans {
		span := &t.Spans[i]
		out.Sequence[i] = stepOf(i+1, span)
		if span.Failed {
			out.Errors = append(out.Errors, failureOf(span))
		}
	}
	return out, nil
}

func segmentsOf(t *query.Trace) []segment {
	list := make([]segment, len(t.CriticalPath))
	for i, c := range t.CriticalPath {
		span := &t.Spans[c.Span]
		list[i] = segment{span.ID().String(), span.Node.ID(), span.Name(), c.Offset, c.Duration}
	}
	return list
}

func stepOf(n int, s *analyze.Span) step {
	return step{
		Step: n, SpanID: s.ID().String(), ParentSpanID: idOrNone(s.ParentID()),
		Service: s.Node.ID(), Pod: query.PodOf(s.Resource()),
		Name: s.Name(), Kind: kindName(s.Kind()), Depth: s.Depth,
		Offset: s.Offset, Duration: s.Duration(), SelfTime: s.Self, Status: statusName(s.Status()),
		Retry: s.Retry, CircuitBreak: s.Broken, Orphan: s.Orphan, ClockSkew: s.ClockSkew,
	}
}

func failureOf(s *analyze.Span) spanFailure {
	f := s.Failure()
	return spanFailure{
		SpanID: s.ID().String(), Service: s.Node.ID(), Name: s.Name(),
		Message: f.Message, Time: timestamp(f.Time), Type: f.Type, Stacktrace: f.Stacktrace,
	}
}
