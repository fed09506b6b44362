package graphql

import (
	"context"
	"errors"
	"strconv"
	"strings"
)

type traceArgs struct {
	Operation, Environment, Status, MinDuration, MaxDuration *string
	Service, Namespace, SpanName, Kind, SpanStatus           *string
	MinSpanDuration, MaxSpanDuration                         *string
	Attribute                                                *[]string
	Sort                                                     *string
	periodArgs
	pageArgs
}

type traceConnection struct {
	Edges    []listEdge[trace]
	PageInfo pageInfo
	Partial  bool
	Reasons  []string
	Scanned  struct{ Blocks, Rows, Bytes whole }
}

type traceList struct {
	Traces []*struct {
		flow
		Cursor       string
		MatchedSpans *matchedSpans
	}
	NextCursor string
	Partial    bool
	Reasons    []string
	Scanned    struct{ Blocks, Rows, Bytes whole }
}

// Traces searches for a page of traces.
func (*root) Traces(ctx context.Context, args traceArgs) (*traceConnection, error) {
	size, err := args.size(defaultRows, maxRows)
	if err != nil {
		return nil, err
	}
	if err := spend(ctx, 1, size); err != nil {
		return nil, err
	}
	params := paramsOf(args)
	params.Set("limit", strconv.Itoa(size))
	if args.After != nil {
		params.Set("cursor", *args.After)
	}
	found, err := read[traceList](ctx, "traces", "", params)
	if err != nil {
		return nil, cursorFault(err)
	}
	out := &traceConnection{Partial: found.Partial, Reasons: append([]string{}, found.Reasons...), Scanned: found.Scanned}
	for _, row := range found.Traces {
		out.Edges = append(out.Edges, listEdge[trace]{row.Cursor, traceOf(&row.flow, row.MatchedSpans)})
	}
	out.PageInfo.HasNextPage = found.NextCursor != ""
	switch {
	case found.NextCursor != "":
		out.PageInfo.EndCursor = &found.NextCursor
	case len(out.Edges) > 0:
		out.PageInfo.EndCursor = &out.Edges[len(out.Edges)-1].Cursor
	}
	return out, nil
}

// cursorFault calls the parameter at fault as the argument is called.
func cursorFault(err error) error {
	var e *Error
	if !errors.As(err, &e) || e.Field != "cursor" {
		return err
	}
	return bad("after", "after"+strings.TrimPrefix(e.Detail, "cursor"))
}

func traceOf(f *flow, matched *matchedSpans) *trace {
	return &trace{
		traceHead: traceHead{
			ID: f.TraceID, OperationName: f.OperationName, StartTime: f.StartTime, EndTime: f.EndTime,
			Duration: f.Duration, Status: f.Status, SpanCount: f.SpanCount, ServiceCount: f.ServiceCount,
		},
		Metadata:     traceMetadata{f.Environment, f.User, f.SessionID},
		MatchedSpans: matched,
		row:          f,
	}
}
