package client

import (
	"context"
	"fmt"
	"iter"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// maxRollupPage is the most the server puts on a page of operations or services.
const maxRollupPage = 1000

// latencies are in milliseconds.
type latencies struct {
	P50 float64 `json:"p50Latency"`
	P95 float64 `json:"p95Latency"`
	P99 float64 `json:"p99Latency"`
}

// Operation is what all its flows in a period come to.
type Operation struct {
	Name         string   `json:"name"`
	Environments []string `json:"environments"`
	Count        int64    `json:"count"`
	ErrorCount   int64    `json:"errorCount"`
	ErrorRate    float64  `json:"errorRate"`
	TimeoutCount int64    `json:"timeoutCount"`
	Rate         float64  `json:"rate"` // per second
	latencies
	LastSeen time.Time `json:"lastSeen"`
}

// Operations yields pages of the operations that the parameters of
// GET /operations select, busiest first, at most so many. It ends with the first
// error.
func (c *Client) Operations(ctx context.Context, params url.Values, limit int) iter.Seq2[*Page[Operation], error] {
	return numbered(ctx, c, "operations", params, maxRollupPage, limit, func(o *Operation) string { return o.Name })
}

// PrintOperations writes pages of operations.
func PrintOperations(o Output, pages iter.Seq2[*Page[Operation], error]) error {
	return listing[Operation]{
		name: "operations",
		head: []string{"OPERATION", "ENVIRONMENTS", ">FLOWS", ">RATE", ">ERRORS", ">TIMEOUTS", ">P50", ">P95", ">P99", "LAST SEEN"},
		add: func(rows *table, op *Operation) {
			rows.add(cell(op.Name), cell(strings.Join(op.Environments, ",")), strconv.FormatInt(op.Count, 10), perSecond(op.Rate),
				percent(op.ErrorRate), strconv.FormatInt(op.TimeoutCount, 10), millis(op.P50), millis(op.P95), millis(op.P99), clock(op.LastSeen))
			if op.ErrorCount > 0 {
				rows.style(4, red)
			}
		},
	}.write(o, pages)
}

func perSecond(rate float64) string { return figure(rate) + "/s" }

// figure writes three digits, or as many as there are before the point.
func figure(v float64) string {
	if v >= 999.5 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}

// percent writes a share of 0 to 1.
func percent(share float64) string { return fmt.Sprintf("%.3g%%", 100*share) }

// millis writes milliseconds as tables show durations.
func millis(ms float64) string {
	return rounded(time.Duration(ms * float64(time.Millisecond))).String()
}
