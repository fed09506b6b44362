package rest

import (
	"time"

	"github.com/flowscope/flowscope/internal/query"
)

// timestamp is Unix ns as RFC 3339 with nanoseconds, UTC.
type timestamp int64

// MarshalJSON writes the time as a string.
func (t timestamp) MarshalJSON() ([]byte, error) {
	return []byte(time.Unix(0, int64(t)).UTC().Format(`"2006-01-02T15:04:05.000000000Z07:00"`)), nil
}

// latencies are the figures of a distribution, in ms, embedded where they are shown.
type latencies struct {
	Avg float64 `json:"avgLatency"`
	P50 float64 `json:"p50Latency"`
	P95 float64 `json:"p95Latency"`
	P99 float64 `json:"p99Latency"`
}

// period is the stretch of time an answer is about.
type period struct {
	Start timestamp `json:"start"`
	End   timestamp `json:"end"`
}

func periodOf(p query.Period) period { return period{timestamp(p.From), timestamp(p.To)} }
