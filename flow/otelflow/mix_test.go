package otelflow_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/flowscope/flowscope/flow"
	"github.com/flowscope/flowscope/flow/otelflow"
)

// tree is all flows of a tracker as text: a line an operation, indented below
// its parent.
func tree(t *flow.Tracker) string {
	var out strings.Builder
	depth := map[flow.SpanID]int{}
	flows := t.Flows(0)
	for i := range flows {
		for _, s := range flows[len(flows)-1-i].Spans {
			d, known := depth[s.ParentID]
			if known {
				d++
			}
			depth[s.SpanID] = d
			fmt.Fprintf(&out, "%s%s\n", strings.Repeat("  ", d), s.Name)
		}
	}
	return out.String()
}

// parentIn is the parent that a propagator writes for those who are called.
func parentIn(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier["traceparent"]
}

func TestBothAPIsMakeOneTree(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	tracer := otelflow.NewTracerProvider(tracker).Tracer("")

	ctx, a := tracker.Start(t.Context(), "flow a")
	ctxB, b := tracer.Start(ctx, "span b")
	ctxC, c := flow.Start(ctxB, "flow c")
	ctxD, d := trace.SpanFromContext(ctxC).TracerProvider().Tracer("").Start(ctxC, "span d")
	// A span by itself is what is handed to goroutines that outlive a request.
	ctxE, e := tracker.Start(trace.ContextWithSpan(context.Background(), d), "flow e")
	_, f := tracer.Start(flow.With(ctxE, c), "span f")
	// The inner one counts, whichever API has put it there.
	_, g := flow.Start(trace.ContextWithSpan(ctxE, b), "flow g")
	h, hop := tracker.Start(ctxD, "flow h")
	trace.SpanFromContext(h).SetAttributes(attribute.Int("n", 1))
	trace.SpanFromContext(h).SetName("flow h, renamed")

	for name, ctx := range map[string]context.Context{"a": ctx, "b": ctxB, "c": ctxC, "d": ctxD, "e": ctxE} {
		if got, want := parentIn(ctx), flow.From(ctx).SpanContext().Traceparent(); got != want {
			t.Errorf("below %s the caller is %s, not %s", name, got, want)
		}
	}
	if flow.From(ctxB).SpanID() != flow.SpanID(b.SpanContext().SpanID()) || flow.From(ctxE) != e {
		t.Error("a context carries another operation than it was made with")
	}
	for _, op := range []*flow.Op{hop, g, e, c} {
		op.End()
	}
	for _, s := range []trace.Span{f, d, b} {
		s.End()
	}
	a.End()
	want := `flow a
  span b
    flow c
      span d
        flow e
      span f
    flow g
        flow h, renamed
`
	if got := tree(tracker); got != want {
		t.Errorf("the tree is\n%swant\n%s", got, want)
	}
}

func TestRemoteCallersGoOn(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	tracer := otelflow.NewTracerProvider(tracker).Tracer("")
	ctx := propagation.TraceContext{}.Extract(t.Context(), propagation.MapCarrier{
		"traceparent": "00-0102030405060708090a0b0c0d0e0f10-0102030405060708-01", "tracestate": "vendor=1,other=2",
	})
	inSpan, span := tracer.Start(ctx, "span", trace.WithSpanKind(trace.SpanKindServer))
	inFlow, op := tracker.Start(ctx, "flow")
	for name, c := range map[string]context.Context{"span": inSpan, "flow": inFlow} {
		sc := trace.SpanContextFromContext(c)
		if sc.TraceID().String() != "0102030405060708090a0b0c0d0e0f10" || !sc.IsSampled() || sc.IsRemote() || sc.TraceState().String() != "vendor=1,other=2" {
			t.Errorf("the %s's context is %v %v", name, sc, sc.TraceState())
		}
	}
	span.End()
	op.End()
	for _, f := range tracker.Flows(0) {
		if s := f.Spans[0]; s.ParentID.String() != "0102030405060708" || s.Kind != flow.Server || s.State != "vendor=1,other=2" {
			t.Errorf("%s is %+v", s.Name, s)
		}
	}
}

func TestBaggageIsOne(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	tracer := otelflow.NewTracerProvider(tracker).Tracer("")

	theirs, err := baggage.Parse("flow.operation=check%20out,tier=gold")
	if err != nil {
		t.Fatal(err)
	}
	ctx, span := tracer.Start(baggage.ContextWithBaggage(t.Context(), theirs), "POST")
	if got := flow.Baggage(ctx, "tier"); got != "gold" {
		t.Errorf("flow hands %q on", got)
	}
	span.End()
	if got := tracker.Flows(1)[0].Operation(); got != "check out" {
		t.Errorf("the flow is called %q", got)
	}

	ctx, root := tracker.Start(flow.WithBaggage(t.Context(), "tier", "silver coin"), "root")
	ctx, call := tracer.Start(ctx, "GET", trace.WithSpanKind(trace.SpanKindClient))
	if got := baggage.FromContext(ctx).String(); got != "tier=silver%20coin" {
		t.Errorf("OpenTelemetry hands %q on", got)
	}
	call.End()
	root.End()
}

func TestWhatIsOffOrDroppedHandsItsCallerOn(t *testing.T) {
	t.Parallel()
	remote := propagation.TraceContext{}.Extract(t.Context(), propagation.MapCarrier{
		"traceparent": "00-0102030405060708090a0b0c0d0e0f10-0102030405060708-01",
	})
	off := flow.New(flow.WithEnabled(false))
	tracer := otelflow.NewTracerProvider(off).Tracer("")
	ctx, span := tracer.Start(remote, "op")
	if span.IsRecording() || parentIn(ctx) != parentIn(remote) {
		t.Errorf("a tracker that is off tells others %q", parentIn(ctx))
	}
	span.End()
	if ctx, span = tracer.Start(remote, "op", trace.WithNewRoot()); span.SpanContext().IsValid() || parentIn(ctx) != "" {
		t.Error("a new root has a parent")
	}

	dropping := flow.New(flow.WithSampler(dropAll{}))
	tracer = otelflow.NewTracerProvider(dropping).Tracer("")
	ctx, root := tracer.Start(t.Context(), "root")
	inner, child := tracer.Start(ctx, "child")
	child.SetAttributes(attribute.Int("n", 1))
	if root.IsRecording() || child.IsRecording() || root.SpanContext().IsSampled() || !child.SpanContext().Equal(root.SpanContext()) {
		t.Error("a flow that is dropped is recorded")
	}
	child.End() // which is not the root's end
	if got := parentIn(inner); got != parentIn(ctx) || !strings.HasSuffix(got, "-00") {
		t.Errorf("a dropped flow tells others %q", got)
	}
	if dropping.Totals().Active != 1 {
		t.Error("the end of a child that is not recorded has ended the flow")
	}
	root.End()
	if child.TracerProvider() != root.TracerProvider() {
		t.Error("they are of different providers")
	}
}

type dropAll struct{}

func (dropAll) Sample(flow.Beginning) flow.Decision { return flow.Drop }

func TestPanicsOfDeferredEndsAreRecorded(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	tracer := otelflow.NewTracerProvider(tracker).Tracer("")
	cause := errors.New("out of luck")
	func() {
		defer func() {
			if got := recover(); got != any(cause) {
				t.Errorf("the panic went on as %v", got)
			}
		}()
		_, span := tracer.Start(t.Context(), "op")
		defer span.End()
		panic(cause)
	}()
	s := tracker.Flows(1)[0].Spans[0]
	if s.Status != flow.Failed || len(s.Events) != 1 || textOf(s.Events[0].Attrs, "exception.message") != "panic: out of luck" {
		t.Errorf("the operation is %+v", s)
	}
}

func TestSpansThatAreOffCostNothing(t *testing.T) {
	tracer := otelflow.NewTracerProvider(flow.New(flow.WithEnabled(false))).Tracer("")
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() {
		_, span := tracer.Start(ctx, "op")
		span.End()
	}); n != 0 {
		t.Errorf("a span that is off allocates %v times", n)
	}
}
