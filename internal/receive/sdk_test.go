package receive

import (
	"context"
	"slices"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// The exporters that applications use.
func TestOpenTelemetrySDK(t *testing.T) {
	sink := new(memSink)
	s, _ := start(t, Config{}, sink)
	for name, open := range map[string]func(context.Context) (sdktrace.SpanExporter, error){
		"http": func(ctx context.Context) (sdktrace.SpanExporter, error) {
			return otlptracehttp.New(ctx, otlptracehttp.WithInsecure(), otlptracehttp.WithEndpoint(s.HTTPAddr().String()))
		},
		"http gzip": func(ctx context.Context) (sdktrace.SpanExporter, error) {
			return otlptracehttp.New(ctx, otlptracehttp.WithInsecure(), otlptracehttp.WithEndpoint(s.HTTPAddr().String()),
				otlptracehttp.WithCompression(otlptracehttp.GzipCompression))
		},
		"grpc": func(ctx context.Context) (sdktrace.SpanExporter, error) {
			return otlptracegrpc.New(ctx, otlptracegrpc.WithInsecure(), otlptracegrpc.WithEndpoint(s.GRPCAddr().String()))
		},
		"grpc gzip": func(ctx context.Context) (sdktrace.SpanExporter, error) {
			return otlptracegrpc.New(ctx, otlptracegrpc.WithInsecure(), otlptracegrpc.WithEndpoint(s.GRPCAddr().String()),
				otlptracegrpc.WithCompressor("gzip"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			exporter, err := open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			want := emit(t, exporter, name)
			if got := spansOf(sink, name); !slices.Equal(got, want) {
				t.Errorf("got spans %v, want %v", got, want)
			}
		})
	}
}

// emit sends two spans of a service and returns their ids.
func emit(t *testing.T, exporter sdktrace.SpanExporter, service string) []string {
	t.Helper()
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", service))))
	ctx, parent := provider.Tracer("test").Start(t.Context(), "parent")
	_, child := provider.Tracer("test").Start(ctx, "child")
	child.End()
	parent.End()
	if err := provider.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	trace := parent.SpanContext().TraceID().String()
	ids := []string{trace + child.SpanContext().SpanID().String(), trace + parent.SpanContext().SpanID().String()}
	slices.Sort(ids)
	return ids
}

// spansOf are the ids of the spans that the sink has of a service.
func spansOf(sink *memSink, service string) []string {
	sink.mu.Lock()
	defer sink.mu.Unlock()
	var ids []string
	for _, b := range sink.batches {
		for i := range b.Len() {
			if s := b.Span(i); s.Resource().Service == service {
				ids = append(ids, s.TraceID().String()+s.ID().String())
			}
		}
	}
	slices.Sort(ids)
	return ids
}
