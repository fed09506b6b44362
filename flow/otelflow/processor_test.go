package otelflow_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/flowscope/flowscope/flow"
	"github.com/flowscope/flowscope/flow/otelflow"
)

// mirrored is a tracer of the SDK whose spans a tracker mirrors.
func mirrored(t *testing.T, tracker *flow.Tracker, sampler sdktrace.Sampler, options ...otelflow.Option) (trace.Tracer, *otelflow.SpanProcessor) {
	t.Helper()
	p := otelflow.NewSpanProcessor(tracker, options...)
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(p), sdktrace.WithSampler(sampler))
	t.Cleanup(func() {
		if err := provider.Shutdown(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	return provider.Tracer(""), p
}

func TestSpansOfTheSDKAndOperationsAreOneTree(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	tracer, _ := mirrored(t, tracker, sdktrace.AlwaysSample())
	ctxA, a := tracer.Start(t.Context(), "span a")
	ctxB, b := tracker.Start(ctxA, "flow b")
	ctxC, c := tracer.Start(ctxB, "span c")
	_, d := flow.Start(ctxC, "flow d")

	if got, want := trace.SpanContextFromContext(ctxB), a.SpanContext(); got.TraceID() != want.TraceID() || !got.IsSampled() {
		t.Errorf("the operation is %v to OpenTelemetry", got)
	}
	if active := tracker.Active(0); len(active) != 1 || active[0].TraceID != flow.TraceID(a.SpanContext().TraceID()) || active[0].Steps != 4 {
		t.Errorf("what runs is %+v", active)
	}
	d.End()
	c.End()
	b.End()
	a.End()
	if got := tree(tracker); got != "span a\n  flow b\n    span c\n      flow d\n" {
		t.Errorf("the tree is\n%s", got)
	}
}

func TestSpansThatNeverEndAreBounded(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	tracer, p := mirrored(t, tracker, sdktrace.AlwaysSample(), otelflow.WithMaxSpans(10))
	var first trace.Span
	for i := range 100 {
		_, s := tracer.Start(t.Context(), fmt.Sprint(i))
		if i == 0 {
			first = s
		}
	}
	if totals := tracker.Totals(); totals.Active != 10 || totals.Failed != 90 || p.Abandoned() != 90 {
		t.Errorf("%d flows run, %d failed, %d spans were given up", totals.Active, totals.Failed, p.Abandoned())
	}
	first.End() // too late, and no harm
	flows := tracker.Flows(0)
	s := flows[len(flows)-1].Spans[0]
	if s.Name != "0" || s.Status != flow.Failed || textOf(s.Attrs, "flow.abandoned") != "true" {
		t.Errorf("the first span is %+v", s)
	}
	for range 2 {
		if err := p.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if totals := tracker.Totals(); totals.Active != 0 || p.Abandoned() != 100 {
		t.Errorf("after Shutdown %d flows run, %d spans were given up", totals.Active, p.Abandoned())
	}
	if err := p.ForceFlush(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestWhatTheSDKDropsIsNotMirrored(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	tracer, _ := mirrored(t, tracker, sdktrace.ParentBased(sdktrace.NeverSample()))
	ctx, root := tracer.Start(t.Context(), "root")
	_, child := tracer.Start(ctx, "child")
	child.End()
	root.End()
	if n := tracker.Totals().Flows; n != 0 {
		t.Errorf("%d flows are counted", n)
	}
}

func TestRecordAllHasAllCountedAndNoneExported(t *testing.T) {
	t.Parallel()
	tracker, memory := flow.New(), tracetest.NewInMemoryExporter()
	sampler := otelflow.RecordAll(sdktrace.ParentBased(sdktrace.NeverSample()))
	provider := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(otelflow.NewSpanProcessor(tracker)),
		sdktrace.WithSyncer(memory), sdktrace.WithSampler(sampler))
	ctx, root := provider.Tracer("").Start(t.Context(), "root")
	ctx, op := tracker.Start(ctx, "op")
	_, child := provider.Tracer("").Start(ctx, "child")
	if op.SpanContext().Sampled || child.SpanContext().IsSampled() {
		t.Error("others are told to sample what is not sampled")
	}
	child.End()
	op.End()
	root.End()
	if got := tree(tracker); got != "root\n  op\n    child\n" || len(memory.GetSpans()) != 0 {
		t.Errorf("%d spans are exported, and the tree is\n%s", len(memory.GetSpans()), got)
	}
	if got := sampler.Description(); got != "RecordAll{"+sdktrace.ParentBased(sdktrace.NeverSample()).Description()+"}" {
		t.Errorf("the sampler is described as %q", got)
	}
}

func TestADroppedFlowOfTheSDKIsOneFlow(t *testing.T) {
	t.Parallel()
	tracker := flow.New(flow.WithSampler(dropAll{}))
	tracer, p := mirrored(t, tracker, sdktrace.AlwaysSample())
	ctx, root := tracer.Start(t.Context(), "root")
	ctx, child := tracer.Start(ctx, "child")
	_, grandchild := tracer.Start(ctx, "grandchild")
	if _, op := tracker.Start(ctx, "op"); op != nil {
		t.Error("an operation below is recorded")
	}
	grandchild.End()
	child.End()
	root.End()
	if totals := tracker.Totals(); totals.Flows != 1 || totals.Active != 0 || p.Abandoned() != 0 {
		t.Errorf("it is counted as %+v", totals)
	}
}

func TestATrackerThatIsOffMirrorsNothing(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	tracer, p := mirrored(t, tracker, sdktrace.AlwaysSample())
	_, before := tracer.Start(t.Context(), "before")
	tracker.SetEnabled(false)
	_, during := tracer.Start(t.Context(), "during")
	during.End()
	before.End()
	if got := tree(tracker); got != "before\n" || p.Abandoned() != 0 {
		t.Errorf("%d spans were given up, and the flows are\n%s", p.Abandoned(), got)
	}
}

func TestManyGoroutines(t *testing.T) {
	t.Parallel()
	tracker := flow.New(flow.WithHistory(10_000, 32<<20))
	mirror, p := mirrored(t, tracker, sdktrace.AlwaysSample(), otelflow.WithMaxSpans(1000))
	direct := otelflow.NewTracerProvider(tracker).Tracer("")
	var all sync.WaitGroup
	const goroutines, each = 100, 20
	for range goroutines {
		all.Go(func() {
			for i := range each {
				tracer := []trace.Tracer{mirror, direct}[i%2]
				ctx, root := tracer.Start(t.Context(), "root")
				var steps sync.WaitGroup
				for range 3 {
					steps.Go(func() {
						inner, op := tracker.Start(ctx, "op")
						_, span := tracer.Start(inner, "span", trace.WithAttributes(attribute.Int("i", i)))
						root.SetAttributes(attribute.Int("i", i))
						root.AddEvent("step")
						span.End()
						op.End()
					})
				}
				steps.Wait()
				root.End()
			}
		})
	}
	all.Wait()
	totals := tracker.Totals()
	if totals.Flows != goroutines*each || totals.Active != 0 || p.Abandoned() != 0 {
		t.Fatalf("%+v, %d spans were given up", totals, p.Abandoned())
	}
	for _, f := range tracker.Flows(0) {
		if len(f.Spans) != 7 {
			t.Fatalf("a flow has %d operations", len(f.Spans))
		}
	}
}
