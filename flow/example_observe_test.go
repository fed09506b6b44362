package flow_test

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/flowscope/flowscope/flow"
)

// The examples that docs/flow-sampling.md, flow-logging.md and flow-slo.md show.

func Example_sampling() {
	tracker := flow.New(
		flow.WithSampler(flow.ParentBased(flow.ByOperation(map[string]flow.Sampler{
			"checkout":           flow.Keep,
			"GET /products/{id}": flow.Ratio(.5),
			"report":             flow.RateLimited(1, 5),
			"/healthz":           flow.Drop,
		}, flow.Adaptive(1000)))),
		flow.WithSlow(500*time.Millisecond),
	)

	_, op := tracker.Start(context.Background(), "checkout")
	fmt.Println(op.SpanContext().Sampled)
	op.End()
	// Output: true
}

type vips map[string]bool

func (v vips) Sample(b flow.Beginning) flow.Decision {
	for _, a := range b.Attrs {
		if a.Key() == "tenant" && v[a.Text()] {
			return flow.Keep
		}
	}
	return flow.Measure
}

func Example_samplerOfYourOwn() {
	tracker := flow.New(flow.WithSampler(vips{"acme": true}))

	_, op := tracker.Start(context.Background(), "login", flow.String("tenant", "acme"))
	fmt.Println(op.SpanContext().Sampled)
	op.End()
	// Output: true
}

func Example_logging() {
	tracker := flow.New()
	logger := slog.New(flow.NewHandler(slog.NewJSONHandler(os.Stderr, nil), nil))

	mux := http.NewServeMux()
	mux.HandleFunc("GET /products/{id}", func(w http.ResponseWriter, r *http.Request) {
		log := flow.Logger(r.Context())
		log.Warn("out of stock", "id", r.PathValue("id"))
	})
	handler := tracker.Middleware(flow.RequestLogger(logger)(mux))

	_ = handler
}

func Example_logOptions() {
	json := slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug})
	logger := slog.New(flow.NewHandler(json, &flow.LogOptions{
		Events:       slog.LevelWarn,
		DebugSampled: true,
		DebugEvery:   100,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == "password" {
				return slog.Attr{}
			}
			return a
		},
	}))

	_ = logger
}

func Example_errorPatterns() {
	tracker := flow.New()
	for _, order := range []string{"17", "18"} {
		_, op := tracker.Start(context.Background(), "save order")
		op.Fail(fmt.Errorf("order %s: row is locked", order))
		op.End()
	}

	for _, p := range tracker.ErrorPatterns() {
		fmt.Println(p.Failed, p.Logged, p.Pattern)
	}
	// Output: 2 0 order <n>: row is locked
}

func Example_slo() {
	tracker := flow.New(flow.WithAnomalies())
	err := tracker.SLO("checkout", flow.Objective{
		Target: .999, Latency: 300 * time.Millisecond, Window: 30 * 24 * time.Hour,
	})
	if err != nil {
		fmt.Println(err)
	}

	for _, s := range tracker.SLOs() {
		fmt.Println(s.Operation, s.Alert, s.Good, s.Bad, s.Remaining)
	}
	newest, total := tracker.Anomalies()
	fmt.Println(len(newest), total)
	// Output:
	// checkout  0 0 1
	// 0 0
}

func Example_health() {
	tracker := flow.New()
	db := sql.OpenDB(connector{})
	defer db.Close()
	ctx := context.Background()

	tracker.WatchDB("shop", db)
	tracker.Cache("products").Hit()
	if tracker.Limit("search").Count(true) {
		flow.Logger(ctx).Debug("searching")
	}

	health := tracker.Health()
	fmt.Println(health.Pools[0].Open, health.Caches[0].Ratio, health.Limits[0].Allowed)
	// Output: 0 1 1
}
