package demo

import (
	"context"
	"net/http"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// exporter counts what its SpanExporter got acknowledged, and can be aborted. It keeps export errors to itself, as the SDK would
// print them to standard error, in the middle of a status line.
type exporter struct {
	sdktrace.SpanExporter
	demo    *Demo
	idle    *http.Transport    // of the HTTP exporter, nil over gRPC
	aborted context.Context    //nolint:containedctx // the exporter's own life, not a call's: many exports watch it
	abort   context.CancelFunc // ends the export under way and makes all later ones fail at once
}

func (e *exporter) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.aborted, cancel)()

	c, log := &e.demo.counters, e.demo.cfg.Logger
	if err := e.SpanExporter.ExportSpans(ctx, spans); err != nil {
		c.exportErrors.Add(1)
		c.spansFailed.Add(uint64(len(spans)))
		if c.receiverDown.CompareAndSwap(false, true) { // once, not once per instance and second
			log.Warn("demo spans are not being accepted", "err", err)
		}
		return nil
	}
	c.spansSent.Add(uint64(len(spans)))
	if c.receiverDown.CompareAndSwap(true, false) {
		log.Info("demo spans are being accepted again")
	}
	return nil
}

func (e *exporter) Shutdown(ctx context.Context) error {
	defer e.abort()
	err := e.SpanExporter.Shutdown(ctx)
	if e.idle != nil {
		e.idle.CloseIdleConnections()
	}
	return err
}
