package graphql

import (
	"context"
	"errors"
	"fmt"
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
		MatchedSpans *matchedSpans
	}
	NextCursor string
	Partial    bool
	Reasons    []string
	Scanned    struct{ Blocks, Rows, Bytes whole }
}

// Traces searches for a page of traces. REST has a cursor for each page; that of
// a row within one is the page's and the row's number.
func (*root) Traces(ctx context.Context, args traceArgs) (*traceConnection, error) {
	size, err := args.size(maxRows)
	if err != nil {
		return nil, err
	}
	began, skip, err := args.place()
	if err != nil {
		return nil, err
	}
	if err := spend(ctx, 1, size); err != nil {
		return nil, err
	}
	params := paramsOf(args)
	limit := min(skip+size, maxRows)
	params.Set("limit", strconv.Itoa(limit))
	if began != "" {
		params.Set("cursor", began)
	}
	found, err := read[traceList](ctx, "traces", "", params)
	if err != nil {
		return nil, cursorFault(err)
	}
	out := &traceConnection{Partial: found.Partial, Reasons: append([]string{}, found.Reasons...), Scanned: found.Scanned}
	for i := skip; i < len(found.Traces); i++ {
		row := found.Traces[i]
		out.Edges = append(out.Edges, listEdge[trace]{fmt.Sprintf("%d.%s", i+1, began), traceOf(&row.flow, row.MatchedSpans)})
	}
	out.PageInfo.HasNextPage = found.NextCursor != ""
	switch {
	case found.NextCursor != "":
		next := "0." + found.NextCursor
		out.PageInfo.EndCursor = &next
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

// place reads a cursor: where a page began, and how many of its rows to skip.
func (p pageArgs) place() (began string, skip int, err error) {
	if p.After == nil {
		return "", 0, nil
	}
	number, began, found := strings.Cut(*p.After, ".")
	skip, err = strconv.Atoi(number)
	if !found || err != nil || skip < 0 || skip >= maxRows {
		return "", 0, bad("after", "after is not a cursor that this server gave")
	}
	return began, skip, nil
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
