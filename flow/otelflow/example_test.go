package otelflow_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/flowscope/flowscope/flow"
	"github.com/flowscope/flowscope/flow/otelflow"
)

func show(f flow.Trace) {
	for i, s := range f.Spans {
		fmt.Println(strings.Repeat("  ", i) + s.Name)
	}
}

// A service that is instrumented with otelhttp, and has no OpenTelemetry SDK.
func ExampleNewTracerProvider() {
	tracker := flow.Default()
	otel.SetTracerProvider(otelflow.NewTracerProvider(tracker))
	otel.SetTextMapPropagator(propagation.TraceContext{})

	mux := http.NewServeMux()
	mux.HandleFunc("GET /products/{id}", func(_ http.ResponseWriter, r *http.Request) {
		_, op := flow.Start(r.Context(), "load product")
		defer op.End()
	})
	handler := otelhttp.NewHandler(mux, "shop")
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/products/7", nil))

	show(tracker.Flows(1)[0])
	// Output:
	// GET /products/{id}
	//   load product
}

// A service that exports with the SDK already, and shows its flows, too.
func ExampleNewSpanProcessor() {
	tracker := flow.New()
	provider := sdktrace.NewTracerProvider(
		// sdktrace.WithBatcher(exporter),
		sdktrace.WithSpanProcessor(otelflow.NewSpanProcessor(tracker)),
	)
	defer provider.Shutdown(context.Background()) //nolint:errcheck // nothing to flush

	ctx, span := provider.Tracer("shop").Start(context.Background(), "checkout")
	_, op := tracker.Start(ctx, "pay")
	op.End()
	span.End()

	f := tracker.Flows(1)[0]
	show(f)
	fmt.Println(f.TraceID.String() == span.SpanContext().TraceID().String())
	// Output:
	// checkout
	//   pay
	// true
}

// Counting everything while a tenth is exported.
func ExampleRecordAll() {
	tracker := flow.New()
	sampler := otelflow.RecordAll(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(0.1)))
	provider := sdktrace.NewTracerProvider(sdktrace.WithSampler(sampler), sdktrace.WithSpanProcessor(otelflow.NewSpanProcessor(tracker)))
	defer provider.Shutdown(context.Background()) //nolint:errcheck // nothing to flush
	for range 100 {
		_, span := provider.Tracer("shop").Start(context.Background(), "checkout")
		span.End()
	}
	fmt.Println(tracker.Totals().Flows)
	// Output: 100
}
