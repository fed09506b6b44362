package inprocess

import (
	"context"
	"net/http"
	"time"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/sketch"
)

// Other is what the recorder counts operations as whose path has no statistics
// of its own: alone those that began flows, below itself all others.
const Other = "(other)"

// LateFlags are the flags of the span of a record that holds an operation which
// ended after its run's record was made: the parent is known not to be remote.
const LateFlags = 1 << 8

// Source is what a process records. Its methods may be called by any number of
// goroutines. A record is the spans of one run of a flow, as fields of an OTLP
// ScopeSpans message.
type Source interface {
	// Kept returns records that are kept, from number n on, a page of them, the
	// number to go on from, and how many before were forgotten.
	Kept(n uint64) (records [][]byte, next, missed uint64)
	// Bounds are the numbers of the oldest record that is kept and of the next one.
	Bounds() (first, next uint64)
	// Record is one record that is kept, nil when it was forgotten.
	Record(n uint64) []byte
	// WaitKept returns when there is a kept record of number n, or when ctx ends.
	WaitKept(ctx context.Context, n uint64) error
	// Tap has every flow that ends handed to a second history of so many bytes,
	// and ready called when something new is in it. Ended reads it as Kept does
	// the first; missed are also those that were too large for it, before or
	// behind what is returned. It is called once.
	Tap(bytes int, ready func())
	Ended(n uint64) (records [][]byte, next, missed uint64)
	// Request is records as an OTLP request.
	Request(records [][]byte) []byte

	// Open is what runs, and where each flow of the list is.
	Open() (open model.OpenFlows, at []Running)
	// Paths are the statistics of all paths, exact. A flow is in them before its
	// record is anywhere.
	Paths() []Path
	// Status is what the recorder says of itself.
	Status() Status
	// Facts are what else is known of the process, as JSON has it, by name.
	Facts() map[string]any
	// Metrics serves the statistics to Prometheus.
	Metrics() http.Handler
	// Ignore has the flow of a request not be recorded.
	Ignore(r *http.Request)
	// Now is the recorder's clock.
	Now() time.Time
}

// Running is where a flow is that runs.
type Running struct {
	Current string // the name of its operation
	Path    string // of the URL that it serves: a request has no name yet
}

// Path is what the operations of one path did.
type Path struct {
	Names   []string // from the flow's first operation down
	Calls   int64
	Errors  int64
	Last    time.Time
	Latency *sketch.Sketch
}

// name is the operation's own.
func (p *Path) name() string { return p.Names[len(p.Names)-1] }

// Status is what a recorder says of itself.
type Status struct {
	Service, Version, Environment string
	Enabled                       bool
	Sampler                       string // "all", or how flows are chosen
	Since                         time.Time
	Flows, Active, Dropped        int64
	Kept, MostKept                int
	Bytes, MostBytes              int
}
