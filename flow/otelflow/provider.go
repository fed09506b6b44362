package otelflow

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/flowscope/flowscope/flow"
)

// NewTracerProvider returns a TracerProvider whose spans are operations of a
// tracker. There is nothing to shut down but the tracker. All providers of one
// tracker do the same.
//
// flow.Start in a context that carries a span but no operation, as
// trace.ContextWithSpan(context.Background(), span) is, finds the flow only if
// the tracker is the default one; the tracker's own Start always does.
func NewTracerProvider(t *flow.Tracker) trace.TracerProvider { return connect(t).provider }

type provider struct {
	embedded.TracerProvider
	tracker *flow.Tracker
	spanKey any // under which contexts carry spans
}

// Tracer returns a Tracer. Which instrumentation asks for it makes no difference.
func (p *provider) Tracer(string, ...trace.TracerOption) trace.Tracer {
	return &tracer{provider: p}
}

type tracer struct {
	embedded.Tracer
	provider *provider
}

// Start begins an operation: below the span or the operation that ctx carries,
// whichever is the inner one, as a part of the caller's flow when that is what
// ctx carries, else the first of a new flow.
func (t *tracer) Start(ctx context.Context, name string, options ...trace.SpanStartOption) (context.Context, trace.Span) {
	p := t.provider
	if ctx == nil { // the SDK takes it
		ctx = context.Background()
	}
	if !p.tracker.Enabled() {
		return p.passOn(ctx, options)
	}
	c := trace.NewSpanStartConfig(options...)
	var room [few]flow.Attr
	ctx = withBaggage(ctx, c.SpanKind())
	inner, op := p.tracker.StartSpec(ctx, flow.Spec{
		Name: name, Kind: flow.Kind(trace.ValidateSpanKind(c.SpanKind())), Attrs: appendAttrs(room[:0], c.Attributes()),
		At: c.Timestamp(), New: c.NewRoot(),
	})
	if op == nil {
		return p.passOn(ctx, options)
	}
	s := &carried{Context: inner, span: span{op: op, provider: p}, key: p.spanKey}
	for _, l := range c.Links() {
		s.AddLink(l)
	}
	return s, &s.span
}

// passOn is what Start returns where nothing is recorded: the span context that
// ctx carries, as a span that does nothing.
func (p *provider) passOn(ctx context.Context, options []trace.SpanStartOption) (context.Context, trace.Span) {
	if len(options) > 0 {
		if c := trace.NewSpanStartConfig(options...); c.NewRoot() {
			return trace.ContextWithSpan(ctx, noop.Span{}), noop.Span{}
		}
	}
	s := trace.SpanFromContext(ctx)
	if _, ours := s.(*span); !ours && !s.IsRecording() {
		return ctx, s
	}
	// Whoever ends it must not end the one around it.
	return ctx, passing{sc: s.SpanContext(), provider: p}
}

// passing is a span that only hands its context on.
type passing struct {
	noop.Span
	sc       trace.SpanContext
	provider *provider
}

func (p passing) SpanContext() trace.SpanContext { return p.sc }

func (p passing) TracerProvider() trace.TracerProvider { return p.provider }

// eventAttrs are an event's attributes as flow has them.
func eventAttrs(from []attribute.KeyValue, more ...flow.Attr) []flow.Attr {
	return append(appendAttrs(make([]flow.Attr, 0, len(from)+len(more)), from), more...)
}
