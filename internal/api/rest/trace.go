package rest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/encode"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/query"
)

type traceDetail struct {
	TraceID       string        `json:"traceId"`
	OperationName string        `json:"operationName"`
	StartTime     timestamp     `json:"startTime"`
	EndTime       timestamp     `json:"endTime"`
	Duration      int64         `json:"duration"` // ns
	Status        string        `json:"status"`
	SpanCount     uint32        `json:"spanCount"`
	ServiceCount  int           `json:"serviceCount"`
	Metadata      traceMetadata `json:"metadata"`
	Resources     []resource    `json:"resources"`
	Scopes        []scope       `json:"scopes"`
	Spans         []span        `json:"spans"`
}

type traceMetadata struct {
	Environment string `json:"environment"`
	User        string `json:"user,omitempty"`
	SessionID   string `json:"sessionId,omitempty"`
}

// span is a span with what analysis found out about it. Resource and Scope are
// indexes into the trace's lists.
type span struct {
	SpanID                 string          `json:"spanId"`
	ParentSpanID           string          `json:"parentSpanId,omitempty"`
	TraceID                string          `json:"traceId"`
	Name                   string          `json:"name"`
	Kind                   string          `json:"kind"`
	Service                serviceInfo     `json:"service"`
	NodeID                 string          `json:"nodeId"`
	StartTime              timestamp       `json:"startTime"`
	EndTime                timestamp       `json:"endTime"`
	Duration               int64           `json:"duration"` // ns
	Offset                 int64           `json:"offset"`   // ns from the trace's start, corrected for skew
	Depth                  int             `json:"depth"`
	SelfTime               int64           `json:"selfTime"` // ns
	Status                 string          `json:"status"`
	StatusMessage          string          `json:"statusMessage,omitempty"`
	Attributes             json.RawMessage `json:"attributes"`
	Events                 []event         `json:"events"`
	Links                  []link          `json:"links"`
	TraceState             string          `json:"traceState,omitempty"`
	Flags                  uint32          `json:"flags"`
	DroppedAttributesCount uint32          `json:"droppedAttributesCount,omitempty"`
	DroppedEventsCount     uint32          `json:"droppedEventsCount,omitempty"`
	DroppedLinksCount      uint32          `json:"droppedLinksCount,omitempty"`
	Resource               int             `json:"resource"`
	Scope                  int             `json:"scope"`
	Critical               bool            `json:"critical"` // on the critical path
	Orphan                 bool            `json:"orphan,omitempty"`
	ClockSkew              int64           `json:"clockSkew,omitempty"` // ns added to its times for offset
	Corrections            []string        `json:"corrections,omitempty"`
}

type event struct {
	Name       string          `json:"name"`
	Timestamp  timestamp       `json:"timestamp"`
	Offset     int64           `json:"offset"` // ns from the trace's start, corrected like its span's
	Attributes json.RawMessage `json:"attributes"`
}

type link struct {
	TraceID    string          `json:"traceId"`
	SpanID     string          `json:"spanId"`
	TraceState string          `json:"traceState,omitempty"`
	Attributes json.RawMessage `json:"attributes"`
}

func (a *API) trace(r *http.Request, p *params) (any, error) {
	asOTLP := p.oneOf("format", "flowscope", "otlp") == 1
	if err := p.done(); err != nil {
		return nil, err
	}
	t, err := a.traceOf(r, "traceId")
	if err != nil {
		return nil, err
	}
	switch {
	case strings.Contains(r.Header.Get("Accept"), protobufType):
		return Document{protobufType, encode.Proto(nil, spansOf(t))}, nil
	case asOTLP:
		return Document{jsonType, encode.JSON(nil, spansOf(t))}, nil
	default:
		out := traceDetailOf(t)
		out.Status, err = a.statusOf(r.Context(), t.Flow.FlowSummary)
		return out, err
	}
}

func spansOf(t *query.Trace) []model.Span {
	list := make([]model.Span, len(t.Spans))
	for i := range t.Spans {
		list[i] = t.Spans[i].Span
	}
	return list
}

func traceDetailOf(t *query.Trace) traceDetail {
	f := t.Flow.FlowSummary
	sources := newSources()
	out := traceDetail{
		TraceID: f.TraceID.String(), OperationName: f.Operation,
		StartTime: timestamp(f.Start), EndTime: timestamp(f.End), Duration: f.Duration,
		SpanCount: f.SpanCount, ServiceCount: len(f.Services),
		Metadata: traceMetadata{f.Environment, f.User, f.Session},
		Spans:    make([]span, len(t.Spans)),
	}
	for i := range t.Spans {
		out.Spans[i] = spanOf(&t.Spans[i], out.TraceID, sources)
	}
	out.Resources, out.Scopes = sources.resources, sources.scopes
	return out
}

func spanOf(s *analyze.Span, traceID string, sources *sources) span {
	b, row, info := s.Batch, s.Row, s.Resource()
	out := span{
		SpanID: s.ID().String(), ParentSpanID: idOrNone(s.ParentID()), TraceID: traceID,
		Name: s.Name(), Kind: kindName(s.Kind()),
		Service: serviceInfo{info.Service, info.Namespace, query.PodOf(info), info.Version, info.Deployment},
		NodeID:  s.Node.ID(), StartTime: timestamp(s.Start()), EndTime: timestamp(s.End()),
		Duration: s.Duration(), Offset: s.Offset, Depth: s.Depth, SelfTime: s.Self,
		Status: statusName(s.Status()), StatusMessage: s.StatusMessage(),
		Attributes: sources.attrs(b, s.Attrs()), Events: make([]event, len(s.Events())), Links: make([]link, len(s.Links())),
		TraceState: s.TraceState(), Flags: b.Flags[row],
		DroppedAttributesCount: b.DroppedAttrs[row], DroppedEventsCount: b.DroppedEvents[row], DroppedLinksCount: b.DroppedLinks[row],
		Resource: sources.resource(b, b.ResourceOf[row]), Scope: sources.scope(b, b.ScopeOf[row]),
		Critical: s.Critical > 0, Orphan: s.Orphan, ClockSkew: s.ClockSkew, Corrections: slices.Collect(s.Marks().Names),
	}
	shift := s.Offset - s.Start() // from a time of this span to an offset in the trace
	for i, e := range s.Events() {
		out.Events[i] = event{b.Strings.Get(e.Name), timestamp(e.Time), e.Time + shift, sources.attrs(b, b.Side(e.Attrs))}
	}
	for i, l := range s.Links() {
		out.Links[i] = link{l.TraceID.String(), l.SpanID.String(), b.Strings.Get(l.TraceState), sources.attrs(b, b.Side(l.Attrs))}
	}
	return out
}
