package load

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

// Config says what to send where. The zero value of a field that names a
// default takes it.
type Config struct {
	GRPC bool   // OTLP/gRPC instead of OTLP/HTTP
	Addr string // host:port, default 127.0.0.1:4317 for gRPC, 127.0.0.1:4318 for HTTP

	Spans           int64   // how many to send, at least 1
	Warmup          int64   // spans sent before them and not counted
	Rate            float64 // spans a second, over all connections; 0 as fast as the server answers
	Conns           int     // connections, each with one request at a time; default 1
	SpansPerRequest int     // default 1,000

	// Spread makes history: the spans' times lie evenly over that long before
	// now, in order of sending. With 0 they are now, as those of the warm-up
	// always are.
	Spread time.Duration

	// GiveUpAfter is how long one request is retried. Default 1 min.
	GiveUpAfter time.Duration
	// Impatient senders come back at once, whatever the server asks for.
	Impatient bool

	// PID is a server on this machine whose CPU time and memory are measured,
	// 0 for none. What it does in the Settle after the last answer counts.
	PID    int
	Settle time.Duration

	// OnAck is told the trace ids of a request as soon as all its spans are
	// acked, warm-up included. Calls do not overlap. The slice is reused.
	OnAck func([]model.TraceID)
}

// maxSpansPerRequest keeps a request below the 16 MiB that servers take.
const maxSpansPerRequest = 40_000

func (c Config) withDefaults() Config {
	addr := "127.0.0.1:4318"
	if c.GRPC {
		addr = "127.0.0.1:4317"
	}
	c.Addr = cmp.Or(c.Addr, addr)
	c.Conns = cmp.Or(c.Conns, 1)
	c.SpansPerRequest = cmp.Or(c.SpansPerRequest, 1000)
	c.GiveUpAfter = cmp.Or(c.GiveUpAfter, time.Minute)
	return c
}

// Validate reports every field that cannot be used.
func (c Config) Validate() error {
	var errs []error
	if c.Spans < 1 {
		errs = append(errs, fmt.Errorf("spans: %d is less than 1", c.Spans))
	}
	if c.Warmup < 0 || c.Rate < 0 || c.Conns < 0 || c.GiveUpAfter < 0 || c.Settle < 0 || c.Spread < 0 || c.PID < 0 {
		errs = append(errs, errors.New("warm-up, rate, connections, times and pid cannot be negative"))
	}
	if c.SpansPerRequest < 0 || c.SpansPerRequest > maxSpansPerRequest {
		errs = append(errs, fmt.Errorf("spans per request: %d is not between 1 and %d", c.SpansPerRequest, maxSpansPerRequest))
	}
	return errors.Join(errs...)
}
