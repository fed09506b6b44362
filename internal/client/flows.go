package client

import (
	"context"
	"iter"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxFlowPage is the most the server puts on a page of flows.
const maxFlowPage = 200

// Flow is one flow of a list.
type Flow struct {
	ID           string        `json:"flowId"`
	Operation    string        `json:"operationName"`
	Environment  string        `json:"environment"`
	Start        time.Time     `json:"startTime"`
	Duration     time.Duration `json:"duration"`
	Status       string        `json:"status"`
	Elapsed      time.Duration `json:"elapsedTime"`    // of a flow that is active, instead of a duration
	Current      string        `json:"currentService"` // of a flow that is active: where a span ended last
	RootService  string        `json:"rootService"`
	RootName     string        `json:"rootName"`
	UIEvent      string        `json:"uiEvent"`
	User         string        `json:"user"`
	SessionID    string        `json:"sessionId"`
	SpanCount    int           `json:"spanCount"`
	ServiceCount int           `json:"serviceCount"`
	ErrorCount   int           `json:"errorCount"`
	OrphanCount  int           `json:"orphanCount"`
	Complete     bool          `json:"complete"`
	Error        string        `json:"error"`
}

// Flows yields pages of the flows that the parameters of GET /flows select, at
// most so many flows in all, without their graphs. It ends with the first error.
func (c *Client) Flows(ctx context.Context, params url.Values, limit int) iter.Seq2[*Page[Flow], error] {
	ask := url.Values{"graph": {"false"}}
	for name, values := range params {
		ask[name] = values
	}
	return numbered(ctx, c, "flows", ask, maxFlowPage, limit, func(f *Flow) string { return f.ID })
}

// PrintFlows writes pages of flows. Those that are active have a duration with a
// plus, which is how long they have taken so far.
func PrintFlows(o Output, pages iter.Seq2[*Page[Flow], error]) error {
	return listing[Flow]{
		name: "flows",
		head: []string{"START", ">DURATION", "STATUS", "OPERATION", "ENVIRONMENT", ">SERVICES", ">SPANS", ">ERRORS", "FLOW ID", "ABOUT"},
		add: func(rows *table, f *Flow) {
			duration, about := rounded(f.Duration).String(), f.Error
			if f.Status == "active" {
				duration, about = rounded(f.Elapsed).String()+"+", strings.TrimSpace("last in "+f.Current)
			}
			rows.add(clock(f.Start), duration, cell(f.Status), cell(f.Operation), cell(f.Environment),
				strconv.Itoa(f.ServiceCount), strconv.Itoa(f.SpanCount), strconv.Itoa(f.ErrorCount), cell(f.ID), cell(about))
			rows.style(2, statusStyle(f.Status))
		},
	}.write(o, pages)
}
