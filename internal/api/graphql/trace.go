package graphql

import (
	"context"

	gg "github.com/graph-gophers/graphql-go"
)

type traceMetadata struct {
	Environment string
	User        *string
	SessionID   *gg.ID
}

// traceHead is what a list of traces and a trace's detail both say.
type traceHead struct {
	ID            gg.ID `json:"traceId"`
	OperationName string
	StartTime     instant
	EndTime       instant
	Duration      nanoseconds
	Status        string
	SpanCount     int32
	ServiceCount  int32
}

// trace is a row of a list of traces, or the beginning of one trace's detail.
type trace struct {
	traceHead
	Metadata     traceMetadata
	MatchedSpans *matchedSpans

	row *flow // of the list
}

type traceDetail struct {
	trace
	Resources []*resource
	Scopes    []*scope
	Spans     []*span
}

type matchedSpans struct {
	Count int32
	Spans []*matchedSpan
}

type matchedSpan struct {
	SpanID    gg.ID
	Name      string
	Service   gg.ID
	StartTime instant
	Duration  nanoseconds
	Status    string
}

type resource struct {
	Attributes             anyJSON
	SchemaURL              *string
	DroppedAttributesCount whole
}

type scope struct {
	Name, Version string
	Attributes    *anyJSON
	SchemaURL     *string
}

type span struct {
	ID                                                            gg.ID `json:"spanId"`
	ParentSpanID                                                  *gg.ID
	TraceID                                                       gg.ID
	Name, Kind                                                    string
	Service                                                       serviceInfo
	NodeID                                                        gg.ID
	StartTime, EndTime                                            instant
	Duration, Offset, SelfTime, ClockSkew                         nanoseconds
	Depth                                                         int32
	Status                                                        string
	StatusMessage, TraceState                                     *string
	Attributes                                                    anyJSON
	Events                                                        []*event
	Links                                                         []*link
	Flags                                                         whole
	DroppedAttributesCount, DroppedEventsCount, DroppedLinksCount whole
	Resource, Scope                                               int32
	Critical, Orphan                                              bool
	Corrections                                                   []string
}

type event struct {
	Name       string
	Timestamp  instant
	Offset     nanoseconds
	Attributes anyJSON
}

type link struct {
	TraceID, SpanID gg.ID
	TraceState      *string
	Attributes      anyJSON
}

// Trace reads one trace.
func (*root) Trace(ctx context.Context, args struct{ TraceID gg.ID }) (*trace, error) {
	if err := spend(ctx, 1, 1); err != nil {
		return nil, err
	}
	return readTrace(ctx, args.TraceID)
}

func readTrace(ctx context.Context, id gg.ID) (*trace, error) {
	d, err := readDetail(ctx, id)
	if err != nil {
		return nil, err
	}
	return &d.trace, nil
}

func readDetail(ctx context.Context, id gg.ID) (*traceDetail, error) {
	return read[traceDetail](ctx, "traces/{traceId}", string(id), nil)
}

// detail is read, and empty when the trace is gone.
func (t *trace) detail(ctx context.Context) (*traceDetail, error) {
	d, err := readDetail(ctx, t.ID)
	if isGone(err) {
		return &traceDetail{}, nil
	}
	return d, err
}

// Spans are read.
func (t *trace) Spans(ctx context.Context) ([]*span, error) {
	d, err := t.detail(ctx)
	if err != nil {
		return nil, err
	}
	return d.Spans, nil
}

// Resources are read.
func (t *trace) Resources(ctx context.Context) ([]*resource, error) {
	d, err := t.detail(ctx)
	if err != nil {
		return nil, err
	}
	return d.Resources, nil
}

// Scopes are read.
func (t *trace) Scopes(ctx context.Context) ([]*scope, error) {
	d, err := t.detail(ctx)
	if err != nil {
		return nil, err
	}
	return d.Scopes, nil
}

// Flow is the row of the list, or read.
func (t *trace) Flow(ctx context.Context) (*flow, error) {
	if t.row != nil {
		return t.row, nil
	}
	d, err := readFlow(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	return &d.flow, nil
}
