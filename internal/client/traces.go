package client

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"net/url"
	"strconv"
	"time"
)

// maxTracePage is the most the server puts on a page of traces.
const maxTracePage = 200

// Trace is a found trace.
type Trace struct {
	TraceID      string        `json:"traceId"`
	Operation    string        `json:"operationName"`
	Start        time.Time     `json:"startTime"`
	Duration     time.Duration `json:"duration"`
	Status       string        `json:"status"`
	RootService  string        `json:"rootService"`
	RootName     string        `json:"rootName"`
	SpanCount    int           `json:"spanCount"`
	ErrorCount   int           `json:"errorCount"`
	MatchedSpans *struct {     // that the conditions on spans select; nil without any
		Count int `json:"count"`
	} `json:"matchedSpans"`
}

// Traces yields pages of the traces that the parameters of GET /traces select,
// at most so many traces in all. It ends with the first error, and after a page
// that a limit of the server cut short.
func (c *Client) Traces(ctx context.Context, params url.Values, limit int) iter.Seq2[*Page[Trace], error] {
	return func(yield func(*Page[Trace], error) bool) {
		ask := url.Values{}
		maps.Copy(ask, params)
		for limit > 0 {
			ask.Set("limit", strconv.Itoa(min(limit, maxTracePage)))
			page, err := readPage[Trace](ctx, c, "traces", ask)
			if err != nil {
				yield(nil, err)
				return
			}
			limit -= len(page.Rows)
			if !yield(page, nil) || page.NextCursor == "" || page.Limited() {
				return
			}
			ask.Set("cursor", page.NextCursor)
		}
	}
}

// PrintTraces writes pages of traces.
func PrintTraces(o Output, pages iter.Seq2[*Page[Trace], error]) error {
	return listing[Trace]{
		name: "traces",
		head: []string{"START", ">DURATION", "STATUS", "OPERATION", "ROOT", ">SPANS", ">ERRORS", ">MATCHED", "TRACE ID"},
		add: func(rows *table, t *Trace) {
			matched := "-"
			if t.MatchedSpans != nil {
				matched = strconv.Itoa(t.MatchedSpans.Count)
			}
			rows.add(clock(t.Start), rounded(t.Duration).String(), cell(t.Status), cell(t.Operation), cell(t.RootService+" "+t.RootName),
				strconv.Itoa(t.SpanCount), fmt.Sprint(t.ErrorCount), matched, cell(t.TraceID))
			rows.style(2, statusStyle(t.Status))
		},
	}.write(o, pages)
}
