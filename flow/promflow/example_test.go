package promflow_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/flowscope/flowscope/flow"
	"github.com/flowscope/flowscope/flow/promflow"
)

// scrape prints what a handler says of the operations' calls.
func scrape(h http.Handler) {
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	for line := range strings.Lines(answer.Body.String()) {
		if strings.HasPrefix(line, "flow_operation") && strings.Contains(line, "_total{") {
			fmt.Print(line)
		}
	}
}

func ExampleNewCollector() {
	tracker := flow.New()
	registry := prometheus.NewRegistry()
	registry.MustRegister(promflow.NewCollector(tracker))

	ctx, root := tracker.Start(context.Background(), "checkout")
	_, pay := flow.Start(ctx, "pay")
	pay.Fail(context.DeadlineExceeded)
	pay.End()
	root.End()

	scrape(promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	// Output:
	// flow_operation_errors_total{flow="checkout",operation="checkout"} 0
	// flow_operation_errors_total{flow="checkout",operation="pay"} 1
	// flow_operations_total{flow="checkout",operation="checkout"} 1
	// flow_operations_total{flow="checkout",operation="pay"} 1
}

// The same without the client library.
func Example_handler() {
	tracker := flow.New()
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", tracker.MetricsHandler())

	_, op := tracker.Start(context.Background(), "checkout")
	op.End()

	scrape(mux)
	// Output:
	// flow_operation_errors_total{flow="checkout",operation="checkout"} 0
	// flow_operations_total{flow="checkout",operation="checkout"} 1
}

// Only native histograms: three series for each operation.
func ExampleWithBuckets() {
	c := promflow.NewCollector(flow.New(), promflow.WithBuckets())
	prometheus.NewRegistry().MustRegister(c)
}
