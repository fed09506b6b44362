package otelflow_test

import (
	"context"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/flowscope/flowscope/flow"
	"github.com/flowscope/flowscope/flow/otelflow"
)

// A root with four children of two attributes each, as an instrumentation
// writes them: recorded by flow, by the SDK, and by the SDK with the mirror.
func BenchmarkSpans(b *testing.B) {
	for _, c := range []struct {
		name     string
		provider trace.TracerProvider
	}{
		{"flow", otelflow.NewTracerProvider(flow.New())},
		{"sdk", sdktrace.NewTracerProvider(sdktrace.WithBatcher(dropSpans{}))},
		{"mirrored", sdktrace.NewTracerProvider(sdktrace.WithBatcher(dropSpans{}), sdktrace.WithSpanProcessor(otelflow.NewSpanProcessor(flow.New())))},
		{"off", otelflow.NewTracerProvider(flow.New(flow.WithEnabled(false)))},
	} {
		b.Run(c.name, func(b *testing.B) {
			if p, ok := c.provider.(*sdktrace.TracerProvider); ok {
				b.Cleanup(func() { p.Shutdown(context.Background()) }) //nolint:errcheck // nothing is kept
			}
			tracer := c.provider.Tracer("")
			kind := trace.WithSpanKind(trace.SpanKindClient)
			b.ReportAllocs()
			for b.Loop() {
				ctx, root := tracer.Start(context.Background(), "root")
				for range 4 {
					_, s := tracer.Start(ctx, "child", kind)
					s.SetAttributes(attribute.String("db.system.name", "sqlite"), attribute.Int("rows", 3))
					s.End()
				}
				root.End()
			}
		})
	}
}

type dropSpans struct{}

func (dropSpans) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error { return nil }
func (dropSpans) Shutdown(context.Context) error                             { return nil }
