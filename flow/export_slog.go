package flow

import (
	"context"
	"log/slog"
)

// SlogExporter logs each flow as one record: "flow" with its operation, trace
// id, duration, number of steps and of failed ones, and the attributes of its
// first operation in the group attributes. The record's time is when the flow
// ended. A flow in which something failed has the reason as error.
type SlogExporter struct {
	Logger      *slog.Logger // nil is slog.Default()
	Level       slog.Level   // the zero Level is Info
	FailedLevel slog.Level   // of flows whose first operation failed; the zero Level is Error
}

// Export logs flows, and returns the first error of the logger's handler.
func (e *SlogExporter) Export(ctx context.Context, flows []Trace) error {
	logger := e.Logger
	if logger == nil {
		logger = slog.Default()
	}
	var first error
	for i := range flows {
		if len(flows[i].Spans) == 0 {
			continue
		}
		r := e.record(&flows[i])
		if !logger.Enabled(ctx, r.Level) {
			continue
		}
		if err := logger.Handler().Handle(ctx, r); err != nil && first == nil {
			first = err
		}
	}
	return first
}

func (e *SlogExporter) record(f *Trace) slog.Record {
	head := &f.Spans[0]
	level := e.Level
	if head.Status == Failed {
		level = e.FailedLevel
		if level == 0 {
			level = slog.LevelError
		}
	}
	failed, reason := 0, head.failure()
	for i := range f.Spans {
		if f.Spans[i].Status != Failed {
			continue
		}
		failed++
		if reason == "" {
			reason = f.Spans[i].failure()
		}
	}
	r := slog.NewRecord(head.End(), level, "flow", 0)
	r.AddAttrs(
		slog.String("operation", f.Operation()), slog.String("trace_id", f.TraceID.String()),
		slog.Duration("duration", head.Duration), slog.Int("steps", len(f.Spans)), slog.Int("failed", failed),
	)
	if reason != "" {
		r.AddAttrs(slog.String("error", reason))
	}
	if len(head.Attrs) > 0 {
		attrs := make([]slog.Attr, len(head.Attrs))
		for i, a := range head.Attrs {
			attrs[i] = slog.Any(a.key, a.Value())
		}
		r.AddAttrs(slog.Attr{Key: "attributes", Value: slog.GroupValue(attrs...)})
	}
	return r
}
