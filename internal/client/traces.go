package client

import (
	"context"
	"encoding/json"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// maxTracePage is the most the server puts on a page of traces.
const maxTracePage = 200

// TracePage is a page of found traces.
type TracePage struct {
	Traces     []Trace  `json:"traces"`
	NextCursor string   `json:"nextCursor"`
	Partial    bool     `json:"partial"`
	Reasons    []string `json:"reasons"` // why it is partial
}

// Limited reports whether a limit of the server cut the search short.
func (p *TracePage) Limited() bool {
	return slices.ContainsFunc(p.Reasons, func(r string) bool { return r != "damaged_block" })
}

// Trace is a found trace. It encodes to the JSON that the server sent, with
// fields that this client does not know.
type Trace struct {
	TraceID      string
	Operation    string
	Start        time.Time
	Duration     time.Duration
	Status       string
	RootService  string
	RootName     string
	SpanCount    int
	ErrorCount   int
	MatchedSpans *int // that the conditions on spans select; nil without any

	raw json.RawMessage
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *Trace) UnmarshalJSON(p []byte) error {
	var row struct {
		TraceID       string    `json:"traceId"`
		OperationName string    `json:"operationName"`
		StartTime     time.Time `json:"startTime"`
		Duration      int64     `json:"duration"` // ns
		Status        string    `json:"status"`
		RootService   string    `json:"rootService"`
		RootName      string    `json:"rootName"`
		SpanCount     int       `json:"spanCount"`
		ErrorCount    int       `json:"errorCount"`
		MatchedSpans  *struct {
			Count int `json:"count"`
		} `json:"matchedSpans"`
	}
	if err := json.Unmarshal(p, &row); err != nil {
		return err
	}
	*t = Trace{
		TraceID: row.TraceID, Operation: row.OperationName, Start: row.StartTime, Duration: time.Duration(row.Duration),
		Status: row.Status, RootService: row.RootService, RootName: row.RootName,
		SpanCount: row.SpanCount, ErrorCount: row.ErrorCount, raw: slices.Clone(p),
	}
	if row.MatchedSpans != nil {
		t.MatchedSpans = &row.MatchedSpans.Count
	}
	return nil
}

// MarshalJSON implements json.Marshaler.
func (t Trace) MarshalJSON() ([]byte, error) { return t.raw, nil }

// Traces yields pages of the traces that the parameters of GET /traces select,
// at most so many traces in all. It ends with the first error, and after a page
// that a limit of the server cut short.
func (c *Client) Traces(ctx context.Context, params url.Values, limit int) iter.Seq2[*TracePage, error] {
	return func(yield func(*TracePage, error) bool) {
		ask := url.Values{}
		for name, values := range params {
			ask[name] = values
		}
		for limit > 0 {
			ask.Set("limit", strconv.Itoa(min(limit, maxTracePage)))
			page := &TracePage{}
			if err := c.get(ctx, "traces", ask, page); err != nil {
				yield(nil, err)
				return
			}
			limit -= len(page.Traces)
			if !yield(page, nil) || page.NextCursor == "" || page.Limited() {
				return
			}
			ask.Set("cursor", page.NextCursor)
		}
	}
}
