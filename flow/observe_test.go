package flow_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/flowscope/flowscope/flow"
	"github.com/flowscope/flowscope/flow/flowhttp"
)

// sink takes records that were encoded, unlike slog.DiscardHandler, which has
// none made.
type sink struct{}

func (sink) Write(p []byte) (int, error) { return len(p), nil }

// TestObserversAtOnce uses everything that looks at flows from many goroutines.
func TestObserversAtOnce(t *testing.T) {
	t.Parallel()
	tracker := flow.New(
		flow.WithAnomalies(), flow.WithHistory(50, 256<<10),
		flow.WithSampler(flow.ParentBased(flow.ByOperation(map[string]flow.Sampler{"work 1": flow.RateLimited(10, 1)}, flow.Adaptive(100)))),
	)
	log := slog.New(flow.NewHandler(slog.NewJSONHandler(sink{}, nil), &flow.LogOptions{DebugEvery: 3}))
	var all sync.WaitGroup
	for g := range 64 {
		all.Go(func() {
			for i := range 100 {
				ctx, root := tracker.Start(t.Context(), fmt.Sprint("work ", g%4))
				log.WarnContext(ctx, "odd", "i", i)
				flow.Go(ctx, "later", func(ctx context.Context) { flow.Logger(ctx).With("g", g).Debug("done") })
				if i%10 == 0 {
					root.Fail(fmt.Errorf("failure %d of kind %c", i, 'g'+g%16))
				}
				root.End()
				if i%50 == 0 {
					if err := tracker.SLO(fmt.Sprint("work ", g%4), flow.Objective{Target: .9}); err != nil {
						t.Error(err)
					}
					tracker.Health()
				}
			}
		})
	}
	all.Wait()
	active := int64(tracker.Totals().Active) // before those that it counts end
	var failed int64
	for _, p := range tracker.ErrorPatterns() {
		failed += p.Failed
	}
	h := tracker.Health()
	if failed+active < 640 || len(h.SLOs) != 4 || len(h.Errors) != 16 {
		t.Errorf("%d flows failed; %+v", failed, h)
	}
}

// BenchmarkObserved is what looking at flows adds to one without operations
// below, a request's logger to a request, and the handler to a record.
func BenchmarkObserved(b *testing.B) {
	for name, options := range map[string][]flow.Option{"bare": nil, "anomalies and objective": {flow.WithAnomalies()}} {
		b.Run(name, func(b *testing.B) {
			t := flow.New(options...)
			if options != nil {
				if err := t.SLO("work", flow.Objective{Target: .9}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportAllocs()
			for b.Loop() {
				_, op := t.Start(context.Background(), "work")
				op.End()
			}
		})
	}
	b.Run("failed", func(b *testing.B) {
		t, err := flow.New(flow.WithHistory(0, 0)), errors.New("dial tcp 10.0.0.1:5432: connection refused")
		b.ReportAllocs()
		for b.Loop() {
			_, op := t.Start(context.Background(), "work")
			op.Fail(err)
			op.End()
		}
	})
	answer := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	b.Run("request logger", func(b *testing.B) {
		serve(b, flow.New().Middleware(flow.RequestLogger(slog.New(slog.NewJSONHandler(sink{}, nil)))(answer)))
	})
}

func BenchmarkLog(b *testing.B) {
	ctx, op := flow.New().Start(b.Context(), "work")
	defer op.End()
	written := slog.NewJSONHandler(sink{}, nil)
	for name, log := range map[string]*slog.Logger{
		"bare": slog.New(written), "flow": slog.New(flow.NewHandler(written, nil)), "bound": slog.New(flow.NewHandler(written, nil)).WithGroup("g"),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				log.InfoContext(ctx, "looked up", "id", 7)
			}
		})
	}
}

func TestHealthIsAnsweredBesideTheDashboard(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	tracker.Cache("products").Hit()
	if err := tracker.SLO("work", flow.Objective{Target: .9}); err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1/debug/flow/health", http.NoBody)
	r.RemoteAddr = "127.0.0.1:1"
	w := httptest.NewRecorder()
	flowhttp.Handler(tracker).ServeHTTP(w, r)
	var health struct {
		Runtime flow.Runtime
		Caches  []flow.CacheStats
		SLOs    []flow.SLOStatus
	}
	if err := json.Unmarshal(w.Body.Bytes(), &health); err != nil || health.Runtime.Goroutines == 0 || len(health.Caches) != 1 || len(health.SLOs) != 1 {
		t.Errorf("%v in %s", err, w.Body)
	}
}
