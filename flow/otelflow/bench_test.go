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
	sdk := func(b *testing.B, options ...sdktrace.TracerProviderOption) trace.TracerProvider {
		b.Helper()
		p := sdktrace.NewTracerProvider(append(options, sdktrace.WithBatcher(dropSpans{}))...)
		b.Cleanup(func() { p.Shutdown(context.Background()) }) //nolint:errcheck // nothing is kept
		return p
	}
	for _, c := range []struct {
		name     string
		provider func(*testing.B) trace.TracerProvider
	}{
		{"flow", func(*testing.B) trace.TracerProvider { return otelflow.NewTracerProvider(flow.New()) }},
		{"sdk", func(b *testing.B) trace.TracerProvider { b.Helper(); return sdk(b) }},
		{"mirrored", func(b *testing.B) trace.TracerProvider {
			b.Helper()
			return sdk(b, sdktrace.WithSpanProcessor(otelflow.NewSpanProcessor(flow.New())))
		}},
		{"off", func(*testing.B) trace.TracerProvider {
			return otelflow.NewTracerProvider(flow.New(flow.WithEnabled(false)))
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			tracer := c.provider(b).Tracer("")
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
