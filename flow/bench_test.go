package flow_test

import (
	"context"
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/flowscope/flowscope/flow"
)

// The benchmarks stand in pairs: what flow takes, and what the OpenTelemetry
// SDK takes for the same with a batch processor whose exporter drops all.

type dropAll struct{}

func (dropAll) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error { return nil }
func (dropAll) Shutdown(context.Context) error                             { return nil }

func otelProvider(b *testing.B) trace.TracerProvider {
	b.Helper()
	p := sdktrace.NewTracerProvider(sdktrace.WithBatcher(dropAll{}))
	b.Cleanup(func() { p.Shutdown(context.Background()) }) //nolint:errcheck // nothing is kept
	return p
}

// family is how many children a parent has before the next one begins: what
// begins and ends flows is in the figures as it is in life.
const family = 16

func BenchmarkChild(b *testing.B) {
	b.Run("flow", func(b *testing.B) {
		t := flow.New()
		b.ReportAllocs()
		for n := 0; n < b.N; n += family {
			ctx, root := t.Start(context.Background(), "root")
			for range min(family, b.N-n) {
				_, op := t.Start(ctx, "child")
				op.End()
			}
			root.End()
		}
	})
	b.Run("otel", func(b *testing.B) {
		t := otelProvider(b).Tracer("")
		b.ReportAllocs()
		for n := 0; n < b.N; n += family {
			ctx, root := t.Start(context.Background(), "root")
			for range min(family, b.N-n) {
				_, op := t.Start(ctx, "child")
				op.End()
			}
			root.End()
		}
	})
}

func BenchmarkChildWithAttributes(b *testing.B) {
	b.Run("flow", func(b *testing.B) {
		t := flow.New()
		b.ReportAllocs()
		for n := 0; n < b.N; n += family {
			ctx, root := t.Start(context.Background(), "root")
			for range min(family, b.N-n) {
				_, op := t.Start(ctx, "child", flow.String("db.system.name", "sqlite"), flow.Int("rows", n))
				op.End()
			}
			root.End()
		}
	})
	b.Run("otel", func(b *testing.B) {
		t := otelProvider(b).Tracer("")
		b.ReportAllocs()
		for n := 0; n < b.N; n += family {
			ctx, root := t.Start(context.Background(), "root")
			for range min(family, b.N-n) {
				_, op := t.Start(ctx, "child", trace.WithAttributes(attribute.String("db.system.name", "sqlite"), attribute.Int("rows", n)))
				op.End()
			}
			root.End()
		}
	})
}

func BenchmarkRequest(b *testing.B) {
	steps := func(start func(context.Context, string) (context.Context, func())) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, end := start(r.Context(), "load cart")
			_, query := start(ctx, "SELECT cart")
			query()
			_, prices := start(ctx, "SELECT prices")
			prices()
			end()
			_, render := start(r.Context(), "render")
			render()
			w.WriteHeader(http.StatusOK)
		})
	}
	b.Run("flow", func(b *testing.B) {
		t := flow.New()
		serve(b, t.Middleware(steps(func(ctx context.Context, name string) (context.Context, func()) {
			ctx, op := t.Start(ctx, name)
			return ctx, op.End
		})))
	})
	b.Run("otel", func(b *testing.B) {
		p := otelProvider(b)
		t := p.Tracer("")
		serve(b, otelhttp.NewHandler(steps(func(ctx context.Context, name string) (context.Context, func()) {
			ctx, op := t.Start(ctx, name)
			return ctx, func() { op.End() }
		}), "request", otelhttp.WithTracerProvider(p)))
	})
}

func BenchmarkMiddleware(b *testing.B) {
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	b.Run("bare", func(b *testing.B) { serve(b, answer) })
	b.Run("flow", func(b *testing.B) { serve(b, flow.New().Middleware(answer)) })
	b.Run("otel", func(b *testing.B) {
		serve(b, otelhttp.NewHandler(answer, "request", otelhttp.WithTracerProvider(otelProvider(b))))
	})
}

// nowhere is a ResponseWriter that costs nothing.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header         { return n.header }
func (n nowhere) Write(p []byte) (int, error) { return len(p), nil }
func (n nowhere) WriteHeader(int)             {}

func serve(b *testing.B, h http.Handler) {
	b.Helper()
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/carts/7", http.NoBody)
	w := nowhere{http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
}

func BenchmarkOff(b *testing.B) {
	b.Run("disabled", func(b *testing.B) {
		t := flow.New(flow.WithEnabled(false))
		ctx := context.Background()
		b.ReportAllocs()
		for b.Loop() {
			_, op := t.Start(ctx, "child")
			op.End()
		}
	})
	b.Run("sampled out", func(b *testing.B) {
		t := flow.New(flow.WithSampler(decide(flow.Drop)))
		ctx, root := t.Start(context.Background(), "root")
		b.ReportAllocs()
		for b.Loop() {
			_, op := t.Start(ctx, "child")
			op.End()
		}
		root.End()
	})
	b.Run("otel noop", func(b *testing.B) {
		t := noop.NewTracerProvider().Tracer("")
		ctx := context.Background()
		b.ReportAllocs()
		for b.Loop() {
			_, op := t.Start(ctx, "child")
			op.End()
		}
	})
}

type decide flow.Decision

func (d decide) Sample(flow.Beginning) flow.Decision { return flow.Decision(d) }

// BenchmarkParallel is run with -cpu 1,2: the time of a flow halves when cores do
// not wait for one another. The heap is that of a service: in one of a few MB the
// collector runs all the time, on the core that the second goroutine needs.
func BenchmarkParallel(b *testing.B) {
	service := make([]byte, 256<<20)
	b.Run("flow", func(b *testing.B) {
		t := flow.New()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				ctx, root := t.Start(context.Background(), "root")
				for range 4 {
					_, op := t.Start(ctx, "child")
					op.End()
				}
				root.End()
			}
		})
	})
	b.Run("otel", func(b *testing.B) {
		t := otelProvider(b).Tracer("")
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				ctx, root := t.Start(context.Background(), "root")
				for range 4 {
					_, op := t.Start(ctx, "child")
					op.End()
				}
				root.End()
			}
		})
	})
	b.Run("hashing", func(b *testing.B) { // what the cores themselves do
		b.RunParallel(func(pb *testing.PB) {
			var text [1 << 10]byte
			for pb.Next() {
				text[0] = sha256.Sum256(text[:])[0]
			}
		})
	})
	runtime.KeepAlive(service)
}
