package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// openExporters lists a real SDK exporter for each way OTLP is sent.
func openExporters(p *process) map[string]func(context.Context) (sdktrace.SpanExporter, error) {
	return map[string]func(context.Context) (sdktrace.SpanExporter, error){
		"grpc": func(ctx context.Context) (sdktrace.SpanExporter, error) {
			return otlptracegrpc.New(ctx, otlptracegrpc.WithEndpoint(p.grpc), otlptracegrpc.WithInsecure())
		},
		"grpc gzip": func(ctx context.Context) (sdktrace.SpanExporter, error) {
			return otlptracegrpc.New(ctx, otlptracegrpc.WithEndpoint(p.grpc), otlptracegrpc.WithInsecure(), otlptracegrpc.WithCompressor("gzip"))
		},
		"http": func(ctx context.Context) (sdktrace.SpanExporter, error) {
			return httpExporter(ctx, p.otlp, otlptracehttp.NoCompression)
		},
		"http gzip": func(ctx context.Context) (sdktrace.SpanExporter, error) {
			return httpExporter(ctx, p.otlp, otlptracehttp.GzipCompression)
		},
	}
}

func httpExporter(ctx context.Context, base string, c otlptracehttp.Compression) (sdktrace.SpanExporter, error) {
	return otlptracehttp.New(ctx, otlptracehttp.WithEndpoint(strings.TrimPrefix(base, "http://")), otlptracehttp.WithInsecure(), otlptracehttp.WithCompression(c))
}

// TestSDKRoundTrip sends the same spans to the server and to a recorder, and
// asks the server for them again: the two must be equal, field by field.
func TestSDKRoundTrip(t *testing.T) {
	p := serve(t, t.TempDir())
	for name, open := range openExporters(p) {
		t.Run(name, func(t *testing.T) {
			recorder := newRecorder(t)
			exporter, err := open(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			twin, err := httpExporter(t.Context(), recorder.URL, otlptracehttp.NoCompression)
			if err != nil {
				t.Fatal(err)
			}
			provider := sdktrace.NewTracerProvider(
				sdktrace.WithBatcher(exporter), sdktrace.WithBatcher(twin),
				sdktrace.WithResource(resource.NewWithAttributes("https://example.test/resource",
					attribute.String("service.name", "round-trip"), attribute.String("deployment.environment.name", "test"))))
			id := recordEverything(provider.Tracer("e2e", trace.WithInstrumentationVersion("1.2.3"),
				trace.WithSchemaURL("https://example.test/scope"), trace.WithInstrumentationAttributes(attribute.Bool("scoped", true))))
			if err := provider.Shutdown(t.Context()); err != nil {
				t.Fatalf("export: %v", err)
			}
			compareSpans(t, p.otlpTrace(id.String()), recorder.spans())
			p.eventually("flow listed", func() error {
				var flow struct{ OperationName, Status, Environment string }
				if err := p.getJSON("/api/v1/flows/"+id.String(), &flow); err != nil {
					return err
				}
				if flow.OperationName != "checkout" || flow.Status != "error" || flow.Environment != "test" {
					return fmt.Errorf("flow is %+v", flow)
				}
				return nil
			})
		})
	}
}

// recordEverything makes a trace that uses all that the SDK can say.
func recordEverything(tracer trace.Tracer) trace.TraceID {
	ctx, root := tracer.Start(context.Background(), "POST /checkout", trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.String("flow.operation", "checkout"), attribute.String("empty", ""), attribute.String("unicode", "Grüße, 世界 \x01\"")))
	state, err := trace.ParseTraceState("vendor=value")
	if err != nil {
		panic(err)
	}
	linked := trace.NewSpanContext(trace.SpanContextConfig{TraceID: trace.TraceID{9}, SpanID: trace.SpanID{8}, TraceFlags: trace.FlagsSampled, TraceState: state})
	_, child := tracer.Start(ctx, "charge", trace.WithSpanKind(trace.SpanKindClient),
		trace.WithLinks(trace.Link{SpanContext: linked, Attributes: []attribute.KeyValue{attribute.Int("position", 3)}}))
	child.SetAttributes(
		attribute.Bool("bool", true), attribute.Int64("int", -1<<63), attribute.Int64("big", 1<<62+1), attribute.Float64("float", 0.1),
		attribute.StringSlice("strings", []string{"a", "", "c"}), attribute.Int64Slice("ints", []int64{1, -2, 1 << 60}),
		attribute.Float64Slice("floats", []float64{1.5, -0.25}), attribute.BoolSlice("bools", []bool{true, false}))
	child.AddEvent("retrying", trace.WithAttributes(attribute.Int("attempt", 2)))
	child.RecordError(errors.New("card declined"))
	child.SetStatus(codes.Error, "card declined")
	child.End()
	root.SetStatus(codes.Error, "payment failed")
	root.End()
	return root.SpanContext().TraceID()
}

// otlpTrace reads a trace back as OTLP.
func (p *process) otlpTrace(id string) map[string]*tracepb.ResourceSpans {
	p.t.Helper()
	var data tracepb.TracesData
	p.eventually("trace found", func() error {
		body, err := p.getAs("/api/v1/traces/"+id, "application/x-protobuf")
		if err != nil {
			return err
		}
		return proto.Unmarshal(body, &data)
	})
	spans := map[string]*tracepb.ResourceSpans{}
	bySpan(spans, data.ResourceSpans)
	return spans
}

// bySpan splits resource spans into one message per span, by span id.
func bySpan(into map[string]*tracepb.ResourceSpans, all []*tracepb.ResourceSpans) {
	for _, rs := range all {
		for _, ss := range rs.ScopeSpans {
			for _, s := range ss.Spans {
				into[fmt.Sprintf("%x", s.SpanId)] = &tracepb.ResourceSpans{
					Resource: rs.Resource, SchemaUrl: rs.SchemaUrl,
					ScopeSpans: []*tracepb.ScopeSpans{{Scope: ss.Scope, SchemaUrl: ss.SchemaUrl, Spans: []*tracepb.Span{s}}},
				}
			}
		}
	}
}

func compareSpans(t *testing.T, got, want map[string]*tracepb.ResourceSpans) {
	t.Helper()
	if len(want) == 0 || len(got) != len(want) {
		t.Fatalf("%d spans came back, %d were sent", len(got), len(want))
	}
	for id, w := range want {
		if !proto.Equal(got[id], w) {
			t.Errorf("span %s came back as\n%v\nwas sent as\n%v", id, got[id], w)
		}
	}
}

// recorder is an OTLP/HTTP receiver that keeps what it is sent.
type recorder struct {
	*httptest.Server
	mu   sync.Mutex
	seen map[string]*tracepb.ResourceSpans
}

func newRecorder(t *testing.T) *recorder {
	t.Helper()
	r := &recorder{seen: map[string]*tracepb.ResourceSpans{}}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		var msg collectorpb.ExportTraceServiceRequest
		if err != nil || proto.Unmarshal(body, &msg) != nil {
			http.Error(w, "unreadable", http.StatusBadRequest)
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		bySpan(r.seen, msg.ResourceSpans)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *recorder) spans() map[string]*tracepb.ResourceSpans {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen
}
