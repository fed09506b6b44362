package rest

import (
	"net/http"

	"github.com/flowscope/flowscope/internal/model"
)

// Pages of traces: the spans of each are looked up.
const (
	tracePage    = 20
	maxTracePage = 200
)

type traceList struct {
	Traces     []traceInList         `json:"traces"`
	NextCursor string                `json:"nextCursor,omitempty"`
	Partial    bool                  `json:"partial,omitempty"`
	Reasons    []model.PartialReason `json:"reasons,omitempty"` // why it is partial
	Scanned    scanned               `json:"scanned"`
}

// scanned is what the page cost.
type scanned struct {
	Blocks int64 `json:"blocks"`
	Rows   int64 `json:"rows"`
	Bytes  int64 `json:"bytes"`
}

type traceInList struct {
	flow
	Cursor  string        `json:"cursor"`                 // goes on behind it
	Matched *matchedSpans `json:"matchedSpans,omitempty"` // when there is a condition on spans
}

type matchedSpans struct {
	Count int           `json:"count"`
	Spans []matchedSpan `json:"spans"` // the first of them
}

type matchedSpan struct {
	SpanID    string    `json:"spanId"`
	Name      string    `json:"name"`
	Service   string    `json:"service"` // node id
	StartTime timestamp `json:"startTime"`
	Duration  int64     `json:"duration"` // ns
	Status    string    `json:"status"`
}

func (a *API) traces(r *http.Request, p *params) (any, error) {
	q := model.TraceQuery{ByDuration: p.oneOf("sort", "time", "duration") == 1, Limit: p.number("limit", tracePage, maxTracePage)}
	filter := p.traceFilter()
	period, cursor := p.period(), p.text("cursor")
	q.From, q.To = period.From, period.To
	question := questionOf(filter, q.ByDuration)
	if cursor != "" {
		q.After = p.cursor("cursor", cursor, question)
	}
	if err := p.done(); err != nil {
		return nil, err
	}
	var err error
	if q.Filter, err = model.CompileFilter(filter); err != nil {
		return nil, err
	}
	page, err := a.cfg.Query.FindTraces(r.Context(), q)
	if err != nil {
		return nil, err
	}
	out := traceList{
		Traces: make([]traceInList, len(page.Traces)), Partial: len(page.Partial) > 0, Reasons: page.Partial,
		Scanned: scanned(page.Scanned),
	}
	at := model.TraceCursor{From: q.From, To: q.To}
	if q.After != nil {
		at = *q.After
	}
	for i := range page.Traces {
		t := &page.Traces[i]
		out.Traces[i] = traceInListOf(t, len(q.Filter.Spans) > 0)
		at.Last = &model.TracePlace{Start: t.Start, Duration: t.Duration, TraceID: t.TraceID}
		out.Traces[i].Cursor = encodeCursor(&at, question)
	}
	if page.Next != nil {
		out.NextCursor = encodeCursor(page.Next, question)
	}
	return out, nil
}

func traceInListOf(t *model.FoundTrace, withSpans bool) traceInList {
	out := traceInList{flow: flowOf(&t.FlowSummary)}
	if !withSpans {
		return out
	}
	out.Matched = &matchedSpans{Count: t.Matched, Spans: make([]matchedSpan, len(t.Samples))}
	for i, s := range t.Samples {
		info := s.Resource()
		out.Matched.Spans[i] = matchedSpan{
			SpanID: s.ID().String(), Name: s.Name(), Service: model.Node{Namespace: info.Namespace, Name: info.Service}.ID(),
			StartTime: timestamp(s.Start()), Duration: s.Duration(), Status: statusName(s.Status()),
		}
	}
	return out
}
