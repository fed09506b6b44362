// Package otelflow records what OpenTelemetry instrumentation reports as flows:
// otelhttp, otelgrpc, otelsql and the others feed the recorder and its dashboard
// with no change to them.
//
// # Without the SDK
//
// A service that exports nothing needs no OpenTelemetry SDK at all:
//
//	otel.SetTracerProvider(otelflow.NewTracerProvider(flow.Default()))
//	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(
//		propagation.TraceContext{}, propagation.Baggage{}))
//
// Spans are operations of the tracker then, and operations are spans: flow.Start
// below a span, a tracer's Start below flow.Start, and trace.SpanFromContext
// where there is but an operation, all belong to one tree, and a propagator
// writes the innermost of them into headers, whichever API began it.
//
// # Beside the SDK
//
// A service that runs the SDK goes on exporting as it does, and adds a
// processor:
//
//	sdktrace.NewTracerProvider(..., sdktrace.WithSpanProcessor(otelflow.NewSpanProcessor(flow.Default())))
//
// It mirrors the spans that the SDK records, under their own ids, while they run
// and when they end. See SpanProcessor.
//
// # What becomes of a span
//
// Name, kind, times, status, events and links are the operation's. Attributes
// of text, whole numbers, numbers and truth values stay what they are; slices,
// bytes and maps become text, as OpenTelemetry prescribes for protocols that do
// not have them: a JSON array, base64, a JSON object. An attribute without a
// key or without a value is left out, and so is a link that leads nowhere. Status
// has OpenTelemetry's order: Ok is final, and Error is not taken back by Unset.
// RecordError adds an event and leaves the status alone. A panic that a deferred
// End sees is recorded, makes the operation a failure, which the SDK leaves to
// others, and goes on.
//
// Where the tracker is off, or its sampler drops a flow, spans are the caller's
// own context handed on, and record nothing.
package otelflow
