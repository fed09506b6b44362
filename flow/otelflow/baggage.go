package otelflow

import (
	"context"

	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/trace"

	"github.com/flowscope/flowscope/flow"
)

// withBaggage has both APIs see one baggage, where it may be of use: flow what
// an OpenTelemetry propagator read from a request, and an OpenTelemetry
// propagator, which writes after a client's or producer's span began, what flow
// read. Properties of members stay behind.
func withBaggage(ctx context.Context, kind trace.SpanKind) context.Context {
	theirs := baggage.FromContext(ctx)
	if theirs.Len() > 0 {
		if flow.From(ctx) != nil && kind != trace.SpanKindServer && kind != trace.SpanKindConsumer {
			return ctx // nothing was read since the flow began
		}
		for _, m := range theirs.Members() {
			if flow.Baggage(ctx, m.Key()) != m.Value() {
				ctx = flow.WithBaggage(ctx, m.Key(), m.Value()) //nolint:fatcontext // baggage has a bound of 64 members
			}
		}
		return ctx
	}
	if kind != trace.SpanKindClient && kind != trace.SpanKindProducer {
		return ctx
	}
	for key, value := range flow.AllBaggage(ctx) {
		if m, err := baggage.NewMemberRaw(key, value); err == nil {
			if with, err := theirs.SetMember(m); err == nil {
				theirs = with
			}
		}
	}
	if theirs.Len() == 0 {
		return ctx
	}
	return baggage.ContextWithBaggage(ctx, theirs)
}
