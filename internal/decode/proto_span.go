package decode

import (
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/wire"
)

func (d *protoDecoder) span(resource, scope uint32, p []byte) *Error {
	b := d.b
	row := d.startSpan(resource, scope)
	for i := 0; i < len(p); {
		var f wire.Field
		if f, i = wire.ReadField(p, i); i < 0 {
			return &Error{Problem: malformed}
		}
		switch f.Tag {
		case wire.SpanAttributes<<3 | asBytes:
			a, ok := d.attribute(f.Bytes, d.guess())
			if !ok {
				return (&Error{Problem: malformed}).inItem("attributes", len(b.Attrs)-d.attrs)
			}
			b.Attrs = append(b.Attrs, a)
		case wire.SpanTraceID<<3 | asBytes:
			id(b.TraceIDs[row][:], f.Bytes)
		case wire.SpanSpanID<<3 | asBytes:
			id(b.SpanIDs[row][:], f.Bytes)
		case wire.SpanParentID<<3 | asBytes:
			if !id(b.ParentIDs[row][:], f.Bytes) {
				d.marks |= model.MarkBadParent
			}
		case wire.SpanName<<3 | asBytes:
			b.Names[row] = d.text(f.Bytes)
		case wire.SpanKind<<3 | asVarint:
			b.Kinds[row] = kind(f.Bits)
		case wire.SpanStart<<3 | asFixed64:
			b.Starts[row] = int64(f.Bits)
		case wire.SpanEnd<<3 | asFixed64:
			b.Ends[row] = int64(f.Bits)
		case wire.SpanFlags<<3 | asFixed32:
			b.Flags[row] = uint32(f.Bits)
		case wire.SpanTraceState<<3 | asBytes:
			b.TraceStates[row] = d.text(f.Bytes)
		default:
			if err := d.spanRest(row, f); err != nil {
				return err
			}
		}
	}
	d.endSpan(row)
	if d.report.Accepted == 1 {
		d.growAttrs()
	}
	return nil
}

// spanRest takes the fields that most spans do not have.
func (d *protoDecoder) spanRest(row int, f wire.Field) *Error {
	b := d.b
	switch f.Tag {
	case wire.SpanStatus<<3 | asBytes:
		return d.status(row, f.Bytes)
	case wire.SpanEvents<<3 | asBytes:
		return d.event(f.Bytes)
	case wire.SpanLinks<<3 | asBytes:
		return d.link(f.Bytes)
	case wire.SpanDroppedAttrs<<3 | asVarint:
		b.DroppedAttrs[row] = uint32(f.Bits)
	case wire.SpanDroppedEvents<<3 | asVarint:
		b.DroppedEvents[row] = uint32(f.Bits)
	case wire.SpanDroppedLinks<<3 | asVarint:
		b.DroppedLinks[row] = uint32(f.Bits)
	}
	return nil
}

func (d *protoDecoder) status(row int, p []byte) *Error {
	for i := 0; i < len(p); {
		var f wire.Field
		if f, i = wire.ReadField(p, i); i < 0 {
			return (&Error{Problem: malformed}).in("status")
		}
		switch f.Tag {
		case wire.StatusMessage<<3 | asBytes:
			d.b.StatusMessages[row] = d.text(f.Bytes)
		case wire.StatusCode<<3 | asVarint:
			d.b.StatusCodes[row] = statusCode(f.Bits)
		}
	}
	return nil
}

func (d *protoDecoder) event(p []byte) *Error {
	var e model.Event
	start := d.reopen(model.Range{})
	for i := 0; i < len(p); {
		var f wire.Field
		if f, i = wire.ReadField(p, i); i < 0 {
			return (&Error{Problem: malformed}).in("events")
		}
		switch f.Tag {
		case wire.EventTime<<3 | asFixed64:
			e.Time = int64(f.Bits)
		case wire.EventName<<3 | asBytes:
			e.Name = d.text(f.Bytes)
		case wire.EventAttributes<<3 | asBytes:
			if err := d.sideAttr(f.Bytes, start); err != nil {
				return err.in("events")
			}
		case wire.EventDroppedAttrs<<3 | asVarint:
			e.DroppedAttrs = uint32(f.Bits)
		}
	}
	e.Attrs = d.since(start)
	d.b.Events = append(d.b.Events, e)
	return nil
}

func (d *protoDecoder) link(p []byte) *Error {
	var l model.Link
	ok := true
	start := d.reopen(model.Range{})
	for i := 0; i < len(p); {
		var f wire.Field
		if f, i = wire.ReadField(p, i); i < 0 {
			return (&Error{Problem: malformed}).in("links")
		}
		switch f.Tag {
		case wire.LinkTraceID<<3 | asBytes:
			ok = id(l.TraceID[:], f.Bytes) && ok
		case wire.LinkSpanID<<3 | asBytes:
			ok = id(l.SpanID[:], f.Bytes) && ok
		case wire.LinkTraceState<<3 | asBytes:
			l.TraceState = d.text(f.Bytes)
		case wire.LinkAttributes<<3 | asBytes:
			if err := d.sideAttr(f.Bytes, start); err != nil {
				return err.in("links")
			}
		case wire.LinkDroppedAttrs<<3 | asVarint:
			l.DroppedAttrs = uint32(f.Bits)
		case wire.LinkFlags<<3 | asFixed32:
			l.Flags = uint32(f.Bits)
		}
	}
	l.Attrs = d.since(start)
	d.addLink(l, ok)
	return nil
}
