package flow

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
)

// Exporter takes finished flows somewhere else.
type Exporter interface {
	// Export takes flows, in the order they finished. It is called by one
	// goroutine at a time, never by one that serves a request; while it runs
	// flows wait in the tracker's history, and those that do not fit are dropped and
	// counted. A panic of Export is an error. When ctx ends Export returns.
	Export(ctx context.Context, flows []Trace) error
}

// encodedExporter takes flows as an OTLP request.
type encodedExporter interface {
	exportEncoded(ctx context.Context, request []byte, flows int) error
}

// closer is an Exporter that holds something.
type closer interface{ Close() error }

// ExporterStats is what became of flows that were to be exported.
type ExporterStats struct {
	Exporter string // its type
	Exported int64  // flows and late operations
	Dropped  int64  // because it was too slow
	Failed   int64  // that it returned an error for
	Err      error  // the last one
}

// runner hands flows to an exporter.
type runner struct {
	tracker  *Tracker
	exporter Exporter

	exported, dropped, failed atomic.Int64
	err                       atomic.Pointer[error]

	cancel    context.CancelFunc // of the exporter's calls
	finishing context.CancelFunc // export what is there, then end
	done      chan struct{}
}

func startRunner(t *Tracker, e Exporter) *runner {
	r := &runner{tracker: t, exporter: e, done: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.Background())
	until, finishing := context.WithCancel(ctx)
	r.cancel, r.finishing = cancel, finishing
	_, next := t.history.bounds()
	go r.run(ctx, until, next)
	return r
}

// run exports until there is nothing left after until has ended.
func (r *runner) run(ctx, until context.Context, next uint64) {
	defer close(r.done)
	for {
		ending := r.tracker.history.wait(until, next) != nil
		records, after, missed := r.tracker.history.read(next)
		next = after
		r.dropped.Add(int64(missed))
		if ctx.Err() != nil || ending && len(records) == 0 {
			return
		}
		if err := r.export(ctx, records); err != nil {
			r.failed.Add(int64(len(records)))
			r.err.Store(&err)
		} else {
			r.exported.Add(int64(len(records)))
		}
	}
}

func (r *runner) export(ctx context.Context, records [][]byte) (err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("export flows: panic: %v", cause)
		}
	}()
	if e, ok := r.exporter.(encodedExporter); ok {
		return e.exportEncoded(ctx, r.tracker.request(records), len(records))
	}
	return r.exporter.Export(ctx, r.tracker.decoded(records))
}

func (r *runner) finish() { r.finishing() }

// join waits for the runner until ctx ends, then for its exporter to heed that,
// and closes the exporter.
func (r *runner) join(ctx context.Context) error {
	defer r.cancel()
	select {
	case <-r.done:
	case <-ctx.Done():
		return fmt.Errorf("flush %T: %w", r.exporter, ctx.Err())
	}
	var errs []error
	if err := r.err.Load(); err != nil {
		errs = append(errs, *err)
	}
	if c, ok := r.exporter.(closer); ok {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

func (r *runner) stats() ExporterStats {
	s := ExporterStats{
		Exporter: fmt.Sprintf("%T", r.exporter),
		Exported: r.exported.Load(), Dropped: r.dropped.Load(), Failed: r.failed.Load(),
	}
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
