package encode

import (
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/wire"
)

// Proto appends spans as an OTLP TracesData message, which is also an
// ExportTraceServiceRequest.
func Proto(dst []byte, spans []model.Span) []byte {
	for _, g := range groups(spans) {
		dst = wire.AppendMessage(dst, wire.TracesResourceSpans, g.appendProto)
	}
	return dst
}

func (g *group) appendProto(dst []byte) []byte {
	b := g.batch
	r := b.Resources[g.resource]
	dst = wire.AppendMessage(dst, wire.ResourceSpansResource, func(dst []byte) []byte {
		dst = appendAttrs(dst, wire.ResourceAttributes, b, b.Side(r.Attrs))
		return appendUint(dst, wire.ResourceDroppedAttrs, uint64(r.DroppedAttrs))
	})
	for _, s := range g.scopes {
		dst = wire.AppendMessage(dst, wire.ResourceSpansScopeSpans, func(dst []byte) []byte {
			return s.appendProto(dst, b)
		})
	}
	return appendText(dst, wire.ResourceSpansSchemaURL, b, r.SchemaURL)
}

func (g scopeGroup) appendProto(dst []byte, b *model.Batch) []byte {
	s := b.Scopes[g.scope]
	dst = wire.AppendMessage(dst, wire.ScopeSpansScope, func(dst []byte) []byte {
		dst = appendText(dst, wire.ScopeName, b, s.Name)
		dst = appendText(dst, wire.ScopeVersion, b, s.Version)
		dst = appendAttrs(dst, wire.ScopeAttributes, b, b.Side(s.Attrs))
		return appendUint(dst, wire.ScopeDroppedAttrs, uint64(s.DroppedAttrs))
	})
	for _, span := range g.spans {
		dst = wire.AppendMessage(dst, wire.ScopeSpansSpans, func(dst []byte) []byte {
			return appendSpan(dst, span)
		})
	}
	return appendText(dst, wire.ScopeSpansSchemaURL, b, s.SchemaURL)
}

func appendSpan(dst []byte, s model.Span) []byte {
	b, i := s.Batch, s.Row
	dst = wire.AppendBytes(dst, wire.SpanTraceID, b.TraceIDs[i][:])
	dst = wire.AppendBytes(dst, wire.SpanSpanID, b.SpanIDs[i][:])
	dst = appendText(dst, wire.SpanTraceState, b, b.TraceStates[i])
	dst = appendID(dst, wire.SpanParentID, b.ParentIDs[i][:])
	dst = appendText(dst, wire.SpanName, b, b.Names[i])
	dst = appendUint(dst, wire.SpanKind, uint64(b.Kinds[i]))
	dst = wire.AppendUint64(dst, wire.SpanStart, uint64(b.Starts[i]))
	dst = wire.AppendUint64(dst, wire.SpanEnd, uint64(b.Ends[i]))
	dst = appendAttrs(dst, wire.SpanAttributes, b, s.Attrs())
	dst = appendUint(dst, wire.SpanDroppedAttrs, uint64(b.DroppedAttrs[i]))
	for _, e := range s.Events() {
		dst = wire.AppendMessage(dst, wire.SpanEvents, func(dst []byte) []byte { return appendEvent(dst, b, e) })
	}
	dst = appendUint(dst, wire.SpanDroppedEvents, uint64(b.DroppedEvents[i]))
	for _, l := range s.Links() {
		dst = wire.AppendMessage(dst, wire.SpanLinks, func(dst []byte) []byte { return appendLink(dst, b, l) })
	}
	dst = appendUint(dst, wire.SpanDroppedLinks, uint64(b.DroppedLinks[i]))
	if b.StatusCodes[i] != 0 || b.StatusMessages[i] != 0 {
		dst = wire.AppendMessage(dst, wire.SpanStatus, func(dst []byte) []byte {
			dst = appendText(dst, wire.StatusMessage, b, b.StatusMessages[i])
			return appendUint(dst, wire.StatusCode, uint64(b.StatusCodes[i]))
		})
	}
	return appendFlags(dst, wire.SpanFlags, b.Flags[i])
}

func appendEvent(dst []byte, b *model.Batch, e model.Event) []byte {
	if e.Time != 0 {
		dst = wire.AppendUint64(dst, wire.EventTime, uint64(e.Time))
	}
	dst = appendText(dst, wire.EventName, b, e.Name)
	dst = appendAttrs(dst, wire.EventAttributes, b, b.Side(e.Attrs))
	return appendUint(dst, wire.EventDroppedAttrs, uint64(e.DroppedAttrs))
}

func appendLink(dst []byte, b *model.Batch, l model.Link) []byte {
	dst = appendID(dst, wire.LinkTraceID, l.TraceID[:])
	dst = appendID(dst, wire.LinkSpanID, l.SpanID[:])
	dst = appendText(dst, wire.LinkTraceState, b, l.TraceState)
	dst = appendAttrs(dst, wire.LinkAttributes, b, b.Side(l.Attrs))
	dst = appendUint(dst, wire.LinkDroppedAttrs, uint64(l.DroppedAttrs))
	return appendFlags(dst, wire.LinkFlags, l.Flags)
}

func appendAttrs(dst []byte, num uint32, b *model.Batch, list []model.Attr) []byte {
	for key, v := range attrs(b, list) {
		dst = wire.AppendMessage(dst, num, func(dst []byte) []byte { return model.AppendKeyValue(dst, key, v) })
	}
	return dst
}

// The appenders below leave out what is the default, as protobuf does.

func appendText(dst []byte, num uint32, b *model.Batch, r model.Ref) []byte {
	if r == 0 {
		return dst
	}
	return wire.AppendBytes(dst, num, b.Strings.Bytes(r))
}

func appendUint(dst []byte, num uint32, v uint64) []byte {
	if v == 0 {
		return dst
	}
	return wire.AppendUvarint(dst, num, v)
}

func appendFlags(dst []byte, num uint32, v uint32) []byte {
	if v == 0 {
		return dst
	}
	return wire.AppendUint32(dst, num, v)
}

func appendID(dst []byte, num uint32, id []byte) []byte {
	for _, b := range id {
		if b != 0 {
			return wire.AppendBytes(dst, num, id)
		}
	}
	return dst
}
