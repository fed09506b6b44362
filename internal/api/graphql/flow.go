package graphql

import (
	"context"
	"errors"
	"strconv"

	gg "github.com/graph-gophers/graphql-go"
)

// root is the type Query.
type root struct{}

type flowArgs struct {
	Operation, Environment, Service, Namespace, Status, MinDuration, MaxDuration *string
	Sort                                                                         *string
	periodArgs
	pageArgs
}

// flow is a row of a list of flows, or the beginning of one flow's detail.
type flow struct {
	ID            gg.ID `json:"flowId"`
	TraceID       gg.ID
	OperationName string
	Environment   string
	StartTime     instant
	EndTime       instant
	Duration      nanoseconds
	Status        string
	RootService   gg.ID
	RootName      string
	UIEvent       *string
	User          *string
	SessionID     *gg.ID
	SpanCount     int32
	ServiceCount  int32
	ErrorCount    int32
	OrphanCount   int32
	Complete      bool
	Error         *string
	Services      []gg.ID

	Nodes []*node // of the graph, when the list was read with graphs
	Calls []*edge `json:"edges"`
}

type flowDetail struct {
	flow
	Graph        graph
	CriticalPath []*segment
	Sequence     []*step
	Errors       []*failure
}

type flowMetadata struct {
	Environment, OperationName string
	UIEvent                    *string
	TotalDuration              nanoseconds
	TotalSpans, ErrorCount     int32
}

type segment struct {
	SpanID, Service  gg.ID
	Name             string
	Offset, Duration nanoseconds
}

type step struct {
	Step                        int32
	SpanID, ParentSpanID        gg.ID
	Service                     gg.ID
	Pod, Name, Kind             string
	Depth                       int32
	Offset, Duration, SelfTime  nanoseconds
	Status                      string
	Retry, CircuitBreak, Orphan bool
	ClockSkew                   nanoseconds
}

type failure struct {
	SpanID, Service  gg.ID
	Name, Message    string
	Time             instant
	Type, Stacktrace *string
}

// Flows and traces on a page, as REST has it.
const defaultRows, maxRows = 20, 200

// Flows reads a page of flows, with their graphs when these are selected.
func (*root) Flows(ctx context.Context, args flowArgs) (*connection[flow], error) {
	params := paramsOf(args)
	params.Set("graph", strconv.FormatBool(gg.HasSelectedField(ctx, "edges.node.graph")))
	return window[flow](ctx, "flows", params, args.pageArgs, defaultRows, maxRows)
}

// Flow reads one flow.
func (*root) Flow(ctx context.Context, args struct{ FlowID gg.ID }) (*flow, error) {
	if err := spend(ctx, 1, 1); err != nil {
		return nil, err
	}
	d, err := readFlow(ctx, args.FlowID)
	if err != nil {
		return nil, err
	}
	return &d.flow, nil
}

func readFlow(ctx context.Context, id gg.ID) (*flowDetail, error) {
	return read[flowDetail](ctx, "flows/{flowId}", string(id), nil)
}

// Metadata is what the flow says of itself.
func (f *flow) Metadata() flowMetadata {
	return flowMetadata{f.Environment, f.OperationName, f.UIEvent, f.Duration, f.SpanCount, f.ErrorCount}
}

// Graph is the one of the list, or read.
func (f *flow) Graph(ctx context.Context) (*graph, error) {
	if f.Nodes != nil {
		return &graph{f.Nodes, f.Calls}, nil
	}
	d, err := f.detail(ctx)
	if err != nil {
		return nil, err
	}
	return &d.Graph, nil
}

// CriticalPath is read.
func (f *flow) CriticalPath(ctx context.Context) ([]*segment, error) {
	d, err := f.detail(ctx)
	if err != nil {
		return nil, err
	}
	return d.CriticalPath, nil
}

// Sequence is read.
func (f *flow) Sequence(ctx context.Context) ([]*step, error) {
	d, err := f.detail(ctx)
	if err != nil {
		return nil, err
	}
	return d.Sequence, nil
}

// Errors are read.
func (f *flow) Errors(ctx context.Context) ([]*failure, error) {
	d, err := f.detail(ctx)
	if err != nil {
		return nil, err
	}
	return d.Errors, nil
}

// Trace is read, and null when it is gone.
func (f *flow) Trace(ctx context.Context) (*trace, error) {
	t, err := readTrace(ctx, f.TraceID)
	if isGone(err) {
		return nil, nil //nolint:nilnil // GraphQL's null
	}
	return t, err
}

// detail is read. It says nothing when its trace is gone: retention may be faster
// than who reads a list, whose other rows are none the worse for it.
func (f *flow) detail(ctx context.Context) (*flowDetail, error) {
	d, err := readFlow(ctx, f.ID)
	if isGone(err) {
		return &flowDetail{}, nil
	}
	return d, err
}

func isGone(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == "not_found"
}
