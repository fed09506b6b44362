package flow_test

import (
	"context"
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"time"

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
	b.Run("flow", func(b *testing.B) {
		t := flow.New()
		serve(b, t.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cart := t.Start(r.Context(), "load cart")
			_, query := t.Start(ctx, "SELECT cart")
			query.End()
			_, prices := t.Start(ctx, "SELECT prices")
			prices.End()
			cart.End()
			_, render := t.Start(r.Context(), "render")
			render.End()
			w.WriteHeader(http.StatusOK)
		})))
	})
	b.Run("otel", func(b *testing.B) {
		p := otelProvider(b)
		t := p.Tracer("")
		serve(b, otelhttp.NewHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cart := t.Start(r.Context(), "load cart")
			_, query := t.Start(ctx, "SELECT cart")
			query.End()
			_, prices := t.Start(ctx, "SELECT prices")
			prices.End()
			cart.End()
			_, render := t.Start(r.Context(), "render")
			render.End()
			w.WriteHeader(http.StatusOK)
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

// BenchmarkParallel says how much more two goroutines do than one, as "x". Both take
// turns, so that a machine that is faster now and slower then does not show. The
// heap is that of a service: in one of a few MB the collector runs all the time, on
// the core that the second goroutine needs.
func BenchmarkParallel(b *testing.B) {
	service := make([]byte, 256<<20)
	b.Run("flow", func(b *testing.B) {
		t := flow.New()
		compareGoroutines(b, func(n int) {
			for range n {
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
		compareGoroutines(b, func(n int) {
			for range n {
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
		compareGoroutines(b, func(n int) {
			var text [1 << 10]byte
			for range n {
				text[0] = sha256.Sum256(text[:])[0]
			}
		})
	})
	runtime.KeepAlive(service)
}

func compareGoroutines(b *testing.B, work func(n int)) {
	b.Helper()
	const turn = 20_000
	var took [2]time.Duration
	for done := 0; done < b.N; done += turn {
		for i := range took {
			goroutines := i + 1
			began := time.Now()
			var all sync.WaitGroup
			for range goroutines {
				all.Go(func() { work(turn / goroutines) })
			}
			all.Wait()
			took[i] += time.Since(began)
		}
	}
	b.ReportMetric(float64(took[0])/float64(took[1]), "x")
}
