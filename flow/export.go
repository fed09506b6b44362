package flow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// Exporter takes finished flows somewhere else.
type Exporter interface {
	// Export takes flows, in the order they finished. It is called by one
	// goroutine at a time, never by one that serves a request; while it runs
	// flows wait in the tracker's history, and those that do not fit are dropped and
	// counted. A panic of Export is an error. When ctx ends Export returns.
	Export(ctx context.Context, flows []Trace) error
}

// EncodedExporter is an Exporter that takes flows as OpenTelemetry's protocol
// has them, which is how the tracker keeps them. ExportEncoded is called instead
// of Export, on the same terms.
type EncodedExporter interface {
	Exporter
	ExportEncoded(ctx context.Context, flows []Encoded) error
}

// Encoded is a finished flow, or an operation that ended late, as an OTLP
// ExportTraceServiceRequest in protobuf. It is the exporter's own.
type Encoded struct {
	TraceID TraceID
	OTLP    []byte
}

// patient is an Exporter that takes many flows at once: an OTLPExporter, or what
// wraps one.
type patient interface {
	// patience is how long the first flow may wait for others.
	patience() time.Duration
}

// refuser is an Exporter whose receiver may take a part of what it is sent.
type refuser interface {
	// refused is how many spans the receiver did not take, and the last reason.
	refused() (spans int64, reason error)
}

// closer is an Exporter that holds something.
type closer interface{ Close() error }

// ExporterStats is what became of flows that were to be exported.
type ExporterStats struct {
	Exporter string // its type
	Exported int64  // flows and late operations
	Dropped  int64  // because it was too slow, or was when the tracker shut down
	Failed   int64  // that it returned an error for
	Pending  int64  // that it has now
	Refused  int64  // spans of exported flows that the receiver did not take
	Err      error  // the last one
}

// MarshalJSON writes the error as its text.
func (s ExporterStats) MarshalJSON() ([]byte, error) {
	out := struct {
		Exporter string `json:"exporter"`
		Exported int64  `json:"exported"`
		Dropped  int64  `json:"dropped"`
		Failed   int64  `json:"failed"`
		Pending  int64  `json:"pending"`
		Refused  int64  `json:"refused"`
		Error    string `json:"error,omitempty"`
	}{s.Exporter, s.Exported, s.Dropped, s.Failed, s.Pending, s.Refused, ""}
	if s.Err != nil {
		out.Error = errorText(s.Err)
	}
	return json.Marshal(out)
}

const (
	// So much waits for an exporter that stops for half a second, at 1,000
	// flows a second of forty steps.
	minOutboxFlows = 512
	minOutboxBytes = 2 << 20
	// maxRequest is from how many bytes on a request goes out. What it grows to
	// with one more flow of the longest is below the 4 MiB that receivers take
	// at least.
	maxRequest = 512 << 10
	// stepsOfPatience is how often an exporter that waits for more flows looks
	// whether there is already enough.
	stepsOfPatience = 20
)

// newOutbox returns where exporters find flows: the history when it is large enough.
func newOutbox(history *ring) *ring {
	if history.most >= minOutboxFlows && history.limit >= minOutboxBytes {
		return history
	}
	return newRing(max(history.most, minOutboxFlows), max(history.limit, minOutboxBytes))
}

// runner hands flows to an exporter.
type runner struct {
	tracker  *Tracker
	exporter Exporter

	mu      sync.Mutex
	next    uint64 // number of the first flow that it was not handed; only run changes it
	end     uint64 // number of the first flow that it need not be handed; running while that is open
	dropped int64  // before next

	exported, failed atomic.Int64
	held             atomic.Int64 // that the exporter has and did not say what became of
	err              atomic.Pointer[error]

	cancel    context.CancelFunc // of the exporter's calls
	finishing context.CancelFunc // export what is there, then end
	done      chan struct{}
}

// running is no number that a flow can have.
const running = math.MaxUint64

func startRunner(t *Tracker, e Exporter) *runner {
	r := &runner{tracker: t, exporter: e, done: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	until, finishing := context.WithCancel(ctx)
	r.cancel, r.finishing = cancel, finishing
	_, r.next = t.outbox.bounds()
	r.end = running
	go r.run(ctx, until)
	return r
}

// run exports until it comes to its end, which is known when until ends: what is
// recorded later must not keep it. It closes the exporter, so that nobody does
// while it exports.
func (r *runner) run(ctx, until context.Context) {
	defer close(r.done)
	defer r.closeExporter()
	for !r.atEnd() {
		if r.tracker.outbox.wait(until, r.next) == nil {
			r.linger(until)
		}
		if ctx.Err() != nil {
			return
		}
		if records := r.take(); len(records) > 0 {
			r.exportCounted(ctx, records)
		}
	}
}

func (r *runner) atEnd() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.next >= r.end
}

// linger waits for more flows, for an exporter that takes many at once, but not
// until they fill the outbox. It is woken by their number; looking at their size
// now and then spares those who record from counting.
func (r *runner) linger(until context.Context) {
	enough := r.next + uint64(r.tracker.outbox.most)/4
	tick := r.patience() / stepsOfPatience
	for range stepsOfPatience {
		if tick <= 0 || r.tracker.outbox.pressing(r.next) {
			return
		}
		ctx, cancel := context.WithTimeout(until, tick)
		err := r.tracker.outbox.wait(ctx, enough)
		cancel()
		if err == nil || until.Err() != nil {
			return
		}
	}
}

// patience is none of an exporter that is nil within: its Export says so.
func (r *runner) patience() (wait time.Duration) {
	defer func() { _ = recover() }()
	if e, ok := r.exporter.(patient); ok {
		return e.patience()
	}
	return 0
}

// refused is nothing of such an exporter.
func (r *runner) refused() (spans int64, reason error) {
	defer func() { _ = recover() }()
	if e, ok := r.exporter.(refuser); ok {
		return e.refused()
	}
	return 0, nil
}

// take reads what goes out at once, and counts what it came too late for.
func (r *runner) take() [][]byte {
	var all [][]byte
	for size := 0; size < maxRequest; {
		records, next, missed := r.tracker.outbox.read(r.next)
		r.advance(next, missed)
		if len(records) == 0 {
			break
		}
		for _, record := range records {
			size += len(record)
		}
		all = append(all, records...)
	}
	return all
}

func (r *runner) advance(next, missed uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.next = next
	r.dropped += int64(missed)
}

// drop counts a flow that did not get into the outbox.
func (r *runner) drop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropped++
}

func (r *runner) exportCounted(ctx context.Context, records [][]byte) {
	r.held.Store(int64(len(records)))
	defer r.held.Store(0)
	if err := r.export(ctx, records); err != nil {
		r.failed.Add(int64(len(records)))
		r.err.Store(&err)
	} else {
		r.exported.Add(int64(len(records)))
	}
}

func (r *runner) export(ctx context.Context, records [][]byte) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("export flows: panic: %v", cause)
		}
	}()
	switch e := r.exporter.(type) {
	case *OTLPExporter: // itself: what wraps it has an Export of its own to be called
		return e.exportRequest(ctx, r.tracker.request(records))
	case EncodedExporter:
		return e.ExportEncoded(ctx, r.tracker.encoded(records))
	default:
		return r.exporter.Export(ctx, r.tracker.decoded(records))
	}
}

func (r *runner) closeExporter() {
	c, ok := r.exporter.(closer)
	if !ok {
		return
	}
	defer func() {
		if cause := recover(); cause != nil {
			err := fmt.Errorf("close exporter: panic: %v", cause)
			r.err.Store(&err)
		}
	}()
	if err := c.Close(); err != nil {
		if last := r.err.Load(); last != nil {
			err = errors.Join(*last, err)
		}
		r.err.Store(&err)
	}
}

// finish has the runner end with what is there.
func (r *runner) finish() {
	_, end := r.tracker.outbox.bounds()
	r.mu.Lock()
	r.end = end
	r.mu.Unlock()
	r.finishing()
}

// join waits for the runner until ctx ends, then tells its exporter to end.
func (r *runner) join(ctx context.Context) error {
	defer r.cancel()
	select {
	case <-r.done:
	case <-ctx.Done():
		if r.ended() { // while another exporter took all the time
			break
		}
		return fmt.Errorf("flush %T: %w", r.exporter, ctx.Err())
	}
	if err := r.err.Load(); err != nil {
		return *err
	}
	return nil
}

func (r *runner) ended() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// lost is how many flows it missed, and those that it has not found missing yet.
func (r *runner) lost() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	end := r.end
	if end == running {
		end, _ = r.tracker.outbox.bounds()
	}
	if end > r.next {
		return r.dropped + int64(end-r.next)
	}
	return r.dropped
}

func (r *runner) stats() ExporterStats {
	s := ExporterStats{
		Exporter: fmt.Sprintf("%T", r.exporter),
		Exported: r.exported.Load(), Dropped: r.lost(), Failed: r.failed.Load(), Pending: r.held.Load(),
	}
	s.Refused, s.Err = r.refused()
	if err := r.err.Load(); err != nil {
		s.Err = *err
	}
	return s
}

// Exporters returns what became of the flows that were to be exported.
func (t *Tracker) Exporters() []ExporterStats {
	out := make([]ExporterStats, len(t.runners))
	for i, r := range t.runners {
		out[i] = r.stats()
	}
	return out
}
