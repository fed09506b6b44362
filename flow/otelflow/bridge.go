package otelflow

import (
	"context"
	"sync/atomic"

	"go.opentelemetry.io/otel/trace"

	"github.com/flowscope/flowscope/flow"
)

// bridge is a tracker's connection to OpenTelemetry, in both of its forms.
type bridge struct {
	provider *provider
	mirror   atomic.Pointer[SpanProcessor]
}

// connect returns the bridge of a tracker, a new one for the first who asks.
func connect(t *flow.Tracker) *bridge {
	b := &bridge{provider: &provider{tracker: t, spanKey: spanKey()}}
	if connected, ours := t.Connect(b).(*bridge); ours {
		return connected
	}
	return b // spans are recorded, but contexts are not translated: the tracker is connected to something else
}

// Value is the operation as a span, for those who ask a context for one.
func (b *bridge) Value(op *flow.Op, key any) any {
	if key != b.provider.spanKey {
		return nil
	}
	return &span{op: op, provider: b.provider}
}

// Above is what a context carries as OpenTelemetry has it.
func (b *bridge) Above(ctx context.Context) (*flow.Op, flow.SpanContext) {
	s := trace.SpanFromContext(ctx)
	if own, ours := s.(*span); ours {
		return own.op, flow.SpanContext{}
	}
	sc := s.SpanContext()
	if !sc.IsValid() {
		return nil, flow.SpanContext{}
	}
	if p := b.mirror.Load(); p != nil && !sc.IsRemote() {
		if op := p.running(sc); op != nil {
			return op, flow.SpanContext{}
		}
	}
	return nil, contextOf(sc)
}

// spanKey is the key under which contexts carry spans. OpenTelemetry does not
// export it, but asks contexts for it.
func spanKey() any {
	asked := &listener{Context: context.Background()}
	trace.SpanFromContext(asked)
	return asked.key
}

// listener remembers what it was asked for.
type listener struct {
	context.Context //nolint:containedctx // it is a context
	key             any
}

func (l *listener) Value(key any) any {
	l.key = key
	return nil
}

// contextOf is a span context as flow has it.
func contextOf(sc trace.SpanContext) flow.SpanContext {
	out := flow.SpanContext{TraceID: flow.TraceID(sc.TraceID()), SpanID: flow.SpanID(sc.SpanID()), Sampled: sc.IsSampled()}
	if state := sc.TraceState(); state.Len() > 0 {
		out.State = state.String()
	}
	return out
}

// spanContextOf is a flow's context as OpenTelemetry has it. A tracestate that
// is malformed is left out.
func spanContextOf(s flow.SpanContext) trace.SpanContext {
	c := trace.SpanContextConfig{TraceID: trace.TraceID(s.TraceID), SpanID: trace.SpanID(s.SpanID)}
	if s.Sampled {
		c.TraceFlags = trace.FlagsSampled
	}
	if s.State != "" {
		if state, err := trace.ParseTraceState(s.State); err == nil {
			c.TraceState = state
		}
	}
	return trace.NewSpanContext(c)
}
