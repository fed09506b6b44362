package demo

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

const (
	// scopeName is the instrumentation scope of the spans that the simulated applications write themselves.
	scopeName = "github.com/flowscope/flowscope/internal/demo"

	// operationKey names the user's operation, as span attribute and as baggage.
	operationKey = "flow.operation"

	// exportEvery is how long a span waits for company: shorter than the SDK's five seconds, so that a dashboard looks alive.
	exportEvery = time.Second
	// spanBuffer is per instance: the busiest writes 500 spans a second at 200 flows a second, so this bridges 16 s of a stalled receiver.
	spanBuffer = 8192
	// exportTimeout is for one batch with all its retries.
	exportTimeout = 15 * time.Second
)

// newResource says what an instance is, the way a Kubernetes deployment would.
func newResource(s service, version, pod, environment string) *resource.Resource {
	return resource.NewWithAttributes(semconv.SchemaURL,
		semconv.ServiceName(s.name),
		semconv.ServiceNamespace(s.namespace),
		semconv.ServiceVersion(version),
		semconv.ServiceInstanceID(pod),
		semconv.DeploymentEnvironmentNameKey.String(environment),
		semconv.K8SClusterName("demo-"+environment),
		semconv.K8SNamespaceName(s.namespace),
		semconv.K8SDeploymentName(s.name),
		semconv.K8SPodName(pod),
		semconv.K8SNodeName(fmt.Sprintf("node-%d", 1+hash(pod)%3)),
		semconv.TelemetrySDKLanguageGo,
		semconv.TelemetrySDKName("opentelemetry"),
	)
}

// telemetry is one instance's OpenTelemetry SDK.
type telemetry struct {
	provider *sdktrace.TracerProvider
	exporter *exporter
}

// newTelemetry exports over gRPC or HTTP as preferGRPC says, or over the one that is configured.
func newTelemetry(d *Demo, res *resource.Resource, preferGRPC bool) (*telemetry, error) {
	exp, err := newExporter(d, d.cfg.OTLPHTTP == "" || preferGRPC && d.cfg.OTLPGRPC != "")
	if err != nil {
		return nil, fmt.Errorf("create OTLP exporter: %w", err)
	}
	batcher := sdktrace.NewBatchSpanProcessor(exp,
		sdktrace.WithBatchTimeout(exportEvery),
		sdktrace.WithMaxQueueSize(spanBuffer),
		sdktrace.WithExportTimeout(exportTimeout))
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithResource(res),
		sdktrace.WithSampler(sdktrace.AlwaysSample()),
		sdktrace.WithSpanProcessor(flowProcessor{&d.counters}),
		sdktrace.WithSpanProcessor(batcher))
	return &telemetry{provider: provider, exporter: exp}, nil
}

func newExporter(d *Demo, overGRPC bool) (*exporter, error) {
	ctx := context.Background() // neither exporter connects before its first export
	aborted, abort := context.WithCancel(ctx)
	e := &exporter{demo: d, aborted: aborted, abort: abort}
	var err error
	if overGRPC {
		e.SpanExporter, err = otlptracegrpc.New(ctx,
			otlptracegrpc.WithEndpoint(d.cfg.OTLPGRPC), otlptracegrpc.WithInsecure(),
			otlptracegrpc.WithTimeout(exportTimeout),
			otlptracegrpc.WithRetry(otlptracegrpc.RetryConfig(exportRetry())))
		return e, err
	}
	e.idle = &http.Transport{MaxIdleConnsPerHost: 1}
	e.SpanExporter, err = otlptracehttp.New(ctx,
		otlptracehttp.WithEndpoint(d.cfg.OTLPHTTP), otlptracehttp.WithInsecure(),
		otlptracehttp.WithHTTPClient(&http.Client{Transport: e.idle}),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig(exportRetry())))
	return e, err
}

// retryConfig has the shape that both OTLP exporters share.
type retryConfig struct {
	Enabled                                      bool
	InitialInterval, MaxInterval, MaxElapsedTime time.Duration
}

// exportRetry tries again soon, for a server that is just starting, and within exportTimeout.
func exportRetry() retryConfig {
	return retryConfig{
		Enabled:         true,
		InitialInterval: 200 * time.Millisecond,
		MaxInterval:     2 * time.Second,
		MaxElapsedTime:  exportTimeout,
	}
}

// shutdown exports what is buffered until ctx is done, then gives the rest up.
func (t *telemetry) shutdown(ctx context.Context) error {
	defer context.AfterFunc(ctx, t.exporter.abort)()
	// Not bound by ctx: the abort above ends any export, and leaving earlier would leak the processor's goroutine.
	return t.provider.Shutdown(context.WithoutCancel(ctx))
}

// flowProcessor copies the operation from baggage to every span, as a backend cannot see baggage, and counts spans.
type flowProcessor struct{ counters *counters }

var _ sdktrace.SpanProcessor = flowProcessor{}

func (p flowProcessor) OnStart(ctx context.Context, s sdktrace.ReadWriteSpan) {
	if operation := baggage.FromContext(ctx).Member(operationKey).Value(); operation != "" {
		s.SetAttributes(attribute.String(operationKey, operation))
	}
}

func (p flowProcessor) OnEnd(sdktrace.ReadOnlySpan)      { p.counters.spansEnded.Add(1) }
func (p flowProcessor) Shutdown(context.Context) error   { return nil }
func (p flowProcessor) ForceFlush(context.Context) error { return nil }
