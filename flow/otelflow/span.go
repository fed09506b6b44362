package otelflow

import (
	"context"
	"fmt"
	"reflect"
	"runtime"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/embedded"

	"github.com/flowscope/flowscope/flow"
)

// span is an operation as a span. There may be several of one operation; all
// they know is in the operation.
type span struct {
	embedded.Span
	op       *flow.Op
	provider *provider
}

// carried is a span as the context that carries it: one allocation, not two.
type carried struct {
	context.Context //nolint:containedctx // it is a context
	span
	key any // under which contexts carry spans
}

func (c *carried) Value(key any) any {
	if key == c.key {
		return &c.span
	}
	return c.Context.Value(key)
}

// End ends the operation. When it is deferred and the function panics, the
// panic is recorded as the operation's failure and goes on.
func (s *span) End(options ...trace.SpanEndOption) {
	if cause := recover(); cause != nil {
		s.op.Panicked(cause)
		s.end(options)
		panic(cause)
	}
	s.end(options)
}

func (s *span) end(options []trace.SpanEndOption) {
	if len(options) > 0 {
		if c := trace.NewSpanEndConfig(options...); !c.Timestamp().IsZero() {
			s.op.EndAt(c.Timestamp())
			return
		}
	}
	s.op.End()
}

func (s *span) AddEvent(name string, options ...trace.EventOption) {
	if len(options) == 0 {
		s.op.Event(name)
		return
	}
	c := trace.NewEventConfig(options...)
	attrs := c.Attributes()
	if c.StackTrace() {
		s.op.EventAt(c.Timestamp(), name, eventAttrs(attrs, stackTrace())...)
		return
	}
	s.op.EventAt(c.Timestamp(), name, eventAttrs(attrs)...)
}

func (s *span) AddLink(l trace.Link) {
	s.op.Link(contextOf(l.SpanContext), appendAttrs(nil, l.Attributes)...)
}

func (s *span) IsRecording() bool { return s.op.Recording() }

// RecordError adds the error as an event. It does not make the operation a
// failure; SetStatus does.
func (s *span) RecordError(err error, options ...trace.EventOption) {
	if err == nil || !s.op.Recording() {
		return
	}
	c := trace.NewEventConfig(options...)
	attrs := eventAttrs(c.Attributes(), flow.String("exception.type", typeName(err)), flow.String("exception.message", err.Error()))
	if c.StackTrace() {
		attrs = append(attrs, stackTrace())
	}
	s.op.EventAt(c.Timestamp(), "exception", attrs...)
}

// typeName is the type of an error as the SDK writes it.
func typeName(err error) string {
	t := reflect.TypeOf(err)
	if t.PkgPath() == "" && t.Name() == "" {
		return t.String()
	}
	return fmt.Sprintf("%s.%s", t.PkgPath(), t.Name())
}

// maxStack is how much the SDK takes of a stack.
const maxStack = 2 << 10

func stackTrace() flow.Attr {
	buf := make([]byte, maxStack)
	return flow.String("exception.stacktrace", string(buf[:runtime.Stack(buf, false)]))
}

func (s *span) SpanContext() trace.SpanContext { return spanContextOf(s.op.SpanContext()) }

func (s *span) SetStatus(code codes.Code, description string) {
	s.op.RaiseStatus(statusOf(code), description)
}

func statusOf(code codes.Code) flow.Status {
	switch code {
	case codes.Ok:
		return flow.OK
	case codes.Error:
		return flow.Failed
	default:
		return flow.Unset
	}
}

func (s *span) SetName(name string) { s.op.SetName(name) }

func (s *span) SetAttributes(attrs ...attribute.KeyValue) {
	var room [few]flow.Attr
	s.op.Set(appendAttrs(room[:0], attrs)...)
}

func (s *span) TracerProvider() trace.TracerProvider { return s.provider }
