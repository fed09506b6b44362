package flow

import "github.com/flowscope/flowscope/internal/wire"

// EncodeOTLP returns flows as an OTLP ExportTraceServiceRequest in protobuf. The
// process is described as a Tracker without options would describe it. An
// EncodedExporter gets flows encoded, and described as its tracker does.
func EncodeOTLP(traces ...Trace) []byte {
	process := newConfig(nil)
	resource := encodeResource(process.attributes())
	return wire.AppendMessage(nil, wire.TracesResourceSpans, func(b []byte) []byte {
		b = wire.AppendBytes(b, wire.ResourceSpansResource, resource)
		return wire.AppendMessage(b, wire.ResourceSpansScopeSpans, func(b []byte) []byte {
			b = wire.AppendBytes(b, wire.ScopeSpansScope, wire.AppendBytes(nil, wire.ScopeName, scopeName))
			for i := range traces {
				for n := range traces[i].Spans {
					b = wire.AppendMessage(b, wire.ScopeSpansSpans, func(b []byte) []byte {
						return appendTraceSpan(b, traces[i].TraceID, &traces[i].Spans[n])
					})
				}
			}
			return b
		})
	})
}

func appendTraceSpan(b []byte, trace TraceID, s *Span) []byte {
	b = wire.AppendBytes(b, wire.SpanTraceID, trace[:])
	b = wire.AppendBytes(b, wire.SpanSpanID, s.SpanID[:])
	if s.State != "" {
		b = wire.AppendBytes(b, wire.SpanTraceState, plain(s.State, maxState))
	}
	if !s.ParentID.IsZero() {
		b = wire.AppendBytes(b, wire.SpanParentID, s.ParentID[:])
	}
	b = wire.AppendBytes(b, wire.SpanName, plain(s.Name, maxKey))
	if s.Kind != Unspecified {
		b = wire.AppendUvarint(b, wire.SpanKind, uint64(s.Kind))
	}
	b = wire.AppendUint64(b, wire.SpanStart, uint64(s.Start.UnixNano()))
	b = wire.AppendUint64(b, wire.SpanEnd, uint64(s.End().UnixNano()))
	for i := range s.Attrs {
		b = appendAttr(b, wire.SpanAttributes, &s.Attrs[i])
	}
	for i := range s.Events {
		b = appendEvent(b, s.Events[i].Time.UnixNano(), s.Events[i].Name, s.Events[i].Attrs)
	}
	for _, l := range s.Links {
		b = appendLink(b, l.SpanContext, l.Attrs)
	}
	if s.Lost > 0 {
		b = wire.AppendUvarint(b, wire.SpanDroppedAttrs, uint64(s.Lost))
	}
	if s.Status == Unset && s.Message == "" {
		return b
	}
	return wire.AppendMessage(b, wire.SpanStatus, func(b []byte) []byte {
		if s.Message != "" {
			b = wire.AppendBytes(b, wire.StatusMessage, plain(s.Message, maxMessage))
		}
		if s.Status != Unset {
			b = wire.AppendUvarint(b, wire.StatusCode, uint64(s.Status))
		}
		return b
	})
}
