package load

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// Counts are what was sent and how it was answered. Sent is Acked, Rejected and
// Failed added up.
type Counts struct {
	Sent, Acked int64 // spans
	Rejected    int64 // spans refused one by one, in requests that were taken
	Failed      int64 // spans in requests that were refused for good or given up on

	Requests  int64 // each once, however often it was sent
	Retries   int64 // times that one was sent again
	Throttled int64 // answers that asked to come back later
	Bytes     int64 // of all requests, each once
}

// Result is what Run measured.
type Result struct {
	Counts
	Elapsed            time.Duration // from the first request to the last answer
	P50, P90, P99, Max time.Duration // of the requests that were taken
	FirstProblem       string        // why spans failed, the first time; empty when none did

	Server    Usage // of Config.PID, zero when there is none
	ServerErr error // why Server is not known

	measured bool // Config.PID was given
}

// SpansPerSecond is how fast spans were acked.
func (r Result) SpansPerSecond() float64 {
	if r.Elapsed <= 0 {
		return 0
	}
	return float64(r.Acked) / r.Elapsed.Seconds()
}

// CPUPerMillion is the server's CPU time per million spans acked, 0 when it is
// not known.
func (r Result) CPUPerMillion() time.Duration {
	if r.Acked == 0 {
		return 0
	}
	return time.Duration(float64(r.Server.CPU) * 1e6 / float64(r.Acked))
}

// WriteTo writes the result as text.
func (r Result) WriteTo(w io.Writer) (int64, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "spans      %d sent, %d acked, %d rejected, %d failed\n", r.Sent, r.Acked, r.Rejected, r.Failed)
	fmt.Fprintf(&b, "requests   %d, %d retries, %d told to come back later\n", r.Requests, r.Retries, r.Throttled)
	fmt.Fprintf(&b, "rate       %.0f spans/s over %v\n", r.SpansPerSecond(), r.Elapsed.Round(time.Millisecond))
	if r.Sent > 0 {
		fmt.Fprintf(&b, "size       %d bytes/span\n", r.Bytes/r.Sent)
	}
	fmt.Fprintf(&b, "latency    p50 %v, p90 %v, p99 %v, max %v\n", round(r.P50), round(r.P90), round(r.P99), round(r.Max))
	switch {
	case !r.measured:
	case r.ServerErr != nil:
		fmt.Fprintf(&b, "server     not available: %v\n", r.ServerErr)
	default:
		fmt.Fprintf(&b, "server     %.2f CPU-seconds per million spans, %d MiB resident, %d MiB at most\n",
			r.CPUPerMillion().Seconds(), r.Server.Resident>>20, r.Server.Peak>>20)
	}
	if r.FirstProblem != "" {
		fmt.Fprintf(&b, "problem    %s\n", r.FirstProblem)
	}
	n, err := io.WriteString(w, b.String())
	return int64(n), err
}

// round leaves a latency the three digits that are known.
func round(d time.Duration) time.Duration {
	for unit := time.Second; unit > time.Microsecond; unit /= 10 {
		if d >= unit {
			return d.Round(unit / 100)
		}
	}
	return d.Round(10 * time.Nanosecond)
}

func (c *counts) add(o *counts) {
	c.Sent += o.Sent
	c.Acked += o.Acked
	c.Rejected += o.Rejected
	c.Failed += o.Failed
	c.Requests += o.Requests
	c.Retries += o.Retries
	c.Throttled += o.Throttled
	c.Bytes += o.Bytes
	c.latency.Merge(&o.latency)
	if c.firstProblem == "" {
		c.firstProblem = o.firstProblem
	}
}

func (c *counts) result(config Config, elapsed time.Duration) Result {
	at := func(q float64) time.Duration { return time.Duration(c.latency.Quantile(q)) }
	return Result{
		Counts: c.Counts, Elapsed: elapsed, FirstProblem: c.firstProblem, measured: config.PID != 0,
		P50: at(0.5), P90: at(0.9), P99: at(0.99), Max: time.Duration(c.latency.Max()),
	}
}
