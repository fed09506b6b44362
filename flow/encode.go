package flow

import (
	"encoding/binary"
	"slices"

	"github.com/flowscope/flowscope/internal/wire"
)

// A record is the spans of a run as fields of an OTLP ScopeSpans message, so
// that exporting many is putting them one after another. The dashboard, the
// exporters and flowscope serve read the same bytes.

const spanAttributes = wire.SpanAttributes

// Tags of one byte; wire.SpanStatus and later ones fit, too.
const (
	bytesTag   = byte(wire.Bytes)
	varintTag  = byte(wire.Varint)
	fixed64Tag = byte(wire.Fixed64)
)

// appendSpan appends an operation to a record. The caller holds the run's lock.
func appendSpan(dst []byte, o *Op) []byte { return appendFlagged(dst, o, 0) }

// flagsSize is how many bytes the flags take, a tag of two and the value.
const flagsSize = 2 + 4

// appendFlagged is appendSpan with the flags of OTLP's Span.
func appendFlagged(dst []byte, o *Op, flags uint32) []byte {
	r := o.run
	name := o.name
	if name != o.step.name { // which is plain
		name = plain(name, maxKey)
	}
	var message string
	var rest []byte
	var lost uint32
	if x := o.moreOrNil(); x != nil {
		message, rest, lost = x.message, x.rest, x.lost
	}
	status := statusSize(o.status, message)
	size := 2 + len(r.trace) + 2 + 8 + 1 + uvarintLen(uint64(len(name))) + len(name) + 9 + 9 +
		int(o.attrs.len) + len(rest)
	parent := r.caller.number()
	if o.parent != nil {
		parent = o.parent.id
	}
	if parent != 0 {
		size += 2 + len(r.caller)
	}
	if r.state != "" {
		size += 1 + uvarintLen(uint64(len(r.state))) + len(r.state)
	}
	if o.kind != Unspecified {
		size += 2
	}
	if lost > 0 {
		size += 1 + uvarintLen(uint64(lost))
	}
	if flags != 0 {
		size += flagsSize
	}
	if status > 0 {
		size += 1 + uvarintLen(uint64(status)) + status
	}
	dst = append(dst, wire.ScopeSpansSpans<<3|bytesTag)
	dst = binary.AppendUvarint(dst, uint64(size))
	dst = appendIDs(dst, r.trace, o.id, parent)
	if r.state != "" {
		dst = wire.AppendBytes(dst, wire.SpanTraceState, r.state)
	}
	dst = binary.AppendUvarint(append(dst, wire.SpanName<<3|bytesTag), uint64(len(name)))
	dst = append(dst, name...)
	if o.kind != Unspecified {
		dst = append(dst, wire.SpanKind<<3|varintTag, byte(o.kind))
	}
	dst = appendTimes(dst, r.wall+o.start, r.wall+o.end)
	dst = append(append(dst, o.encoded()...), rest...)
	if lost > 0 {
		dst = wire.AppendUvarint(dst, wire.SpanDroppedAttrs, uint64(lost))
	}
	if status > 0 {
		dst = binary.AppendUvarint(append(dst, wire.SpanStatus<<3|bytesTag), uint64(status))
		if message != "" {
			dst = wire.AppendBytes(dst, wire.StatusMessage, message)
		}
		if o.status != Unset {
			dst = append(dst, wire.StatusCode<<3|varintTag, byte(o.status))
		}
	}
	if flags != 0 {
		dst = wire.AppendUint32(dst, wire.SpanFlags, flags)
	}
	return dst
}

// appendIDs appends the ids of a span in one piece, which is faster than field
// by field.
func appendIDs(dst []byte, trace TraceID, id, parent uint64) []byte {
	const most = 2 + 16 + 2 + 8 + 2 + 8
	n := len(dst)
	dst = slices.Grow(dst, most)
	ids := dst[n : n+most]
	ids[0], ids[1] = wire.SpanTraceID<<3|bytesTag, byte(len(trace))
	*(*TraceID)(ids[2:]) = trace
	ids[18], ids[19] = wire.SpanSpanID<<3|bytesTag, 8
	binary.BigEndian.PutUint64(ids[20:], id)
	if parent == 0 {
		return dst[:n+28]
	}
	ids[28], ids[29] = wire.SpanParentID<<3|bytesTag, 8
	binary.BigEndian.PutUint64(ids[30:], parent)
	return dst[:n+most]
}

// appendTimes appends when a span began and ended, Unix ns.
func appendTimes(dst []byte, start, end int64) []byte {
	const size = 1 + 8 + 1 + 8
	n := len(dst)
	dst = slices.Grow(dst, size)[:n+size]
	times := dst[n:]
	times[0], times[9] = wire.SpanStart<<3|fixed64Tag, wire.SpanEnd<<3|fixed64Tag
	binary.LittleEndian.PutUint64(times[1:], uint64(start))
	binary.LittleEndian.PutUint64(times[10:], uint64(end))
	return dst
}

// statusSize is the length of a Status message, 0 for one that says nothing.
func statusSize(s Status, message string) int {
	size := 0
	if message != "" {
		size += 1 + uvarintLen(uint64(len(message))) + len(message)
	}
	if s != Unset {
		size += 2
	}
	return size
}

// appendEvent appends an event as a field of a span.
func appendEvent(dst []byte, at int64, name string, attrs []Attr) []byte {
	return wire.AppendMessage(dst, wire.SpanEvents, func(b []byte) []byte {
		b = wire.AppendUint64(b, wire.EventTime, uint64(at))
		b = wire.AppendBytes(b, wire.EventName, plain(name, maxKey))
		for i := range attrs {
			b = appendAttr(b, wire.EventAttributes, &attrs[i])
		}
		return b
	})
}

// appendLink appends a link as a field of a span.
func appendLink(dst []byte, to SpanContext, attrs []Attr) []byte {
	return wire.AppendMessage(dst, wire.SpanLinks, func(b []byte) []byte {
		b = wire.AppendBytes(b, wire.LinkTraceID, to.TraceID[:])
		b = wire.AppendBytes(b, wire.LinkSpanID, to.SpanID[:])
		if state := stateOf(to.State); state != "" && len(state) <= maxState {
			b = wire.AppendBytes(b, wire.LinkTraceState, state)
		}
		for i := range attrs {
			b = appendAttr(b, wire.LinkAttributes, &attrs[i])
		}
		return b
	})
}

// encodeResource is the Resource message of the process.
func encodeResource(attrs []Attr) []byte {
	var b []byte
	for i := range attrs {
		b = setAttr(b, wire.ResourceAttributes, &attrs[i])
	}
	return b
}

// scopeName is the instrumentation that all spans say they come from.
const scopeName = "github.com/flowscope/flowscope/flow"

// request is records as an OTLP ExportTraceServiceRequest: what
// /v1/traces of a collector takes as application/x-protobuf.
func (t *Tracker) request(records [][]byte) []byte {
	spans := 0
	for _, r := range records {
		spans += len(r)
	}
	scope := wire.AppendBytes(nil, wire.ScopeName, scopeName)
	scope = wire.AppendBytes(nil, wire.ScopeSpansScope, scope)
	head := wire.AppendBytes(nil, wire.ResourceSpansResource, t.resource)
	head = wire.AppendTag(head, wire.ResourceSpansScopeSpans, wire.Bytes)
	head = binary.AppendUvarint(head, uint64(len(scope)+spans))
	head = append(head, scope...)
	out := make([]byte, 0, len(head)+spans+2*binary.MaxVarintLen64)
	out = wire.AppendTag(out, wire.TracesResourceSpans, wire.Bytes)
	out = binary.AppendUvarint(out, uint64(len(head)+spans))
	out = append(out, head...)
	for _, r := range records {
		out = append(out, r...)
	}
	return out
}

// encoded is records as requests, one each.
func (t *Tracker) encoded(records [][]byte) []Encoded {
	out := make([]Encoded, len(records))
	for i, record := range records {
		span, _ := wire.ReadField(record, 0)
		id, _ := wire.ReadField(span.Bytes, 0)
		out[i].OTLP = t.request([][]byte{record})
		copy(out[i].TraceID[:], id.Bytes)
	}
	return out
}
