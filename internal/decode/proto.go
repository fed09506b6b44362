package decode

import (
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/wire"
)

// Wire types, to be or-ed to a field number times 8: a field's tag.
const (
	asVarint  = uint32(wire.Varint)
	asFixed64 = uint32(wire.Fixed64)
	asBytes   = uint32(wire.Bytes)
	asFixed32 = uint32(wire.Fixed32)
)

// protoDecoder walks OTLP protobuf.
type protoDecoder struct {
	builder
	spans int // about how many spans the request has
	size  int // of the request, bytes
}

// Proto appends the spans of an ExportTraceServiceRequest, or of a TracesData,
// to a batch that is not sealed. On an error, which is an *Error, the batch is
// half written and must be thrown away. The batch does not keep body.
func Proto(b *model.Batch, body []byte) (Report, error) {
	d := protoDecoder{builder: newBuilder(b), spans: countSpans(body), size: len(body)}
	b.Grow(d.spans)
	n := 0
	for i := 0; i < len(body); {
		var f wire.Field
		if f, i = wire.ReadField(body, i); i < 0 {
			return Report{}, (&Error{Problem: malformed}).inItem("resource_spans", n)
		}
		if f.Tag != wire.TracesResourceSpans<<3|asBytes {
			continue
		}
		d.path[0] = n
		if err := d.resourceSpans(f.Bytes); err != nil {
			return Report{}, err.inItem("resource_spans", n)
		}
		n++
	}
	return d.report, nil
}

// resourceSpans reserves the resource's place first: its fields may come after
// the spans that refer to it.
func (d *protoDecoder) resourceSpans(p []byte) *Error {
	b := d.b
	r, before := uint32(len(b.Resources)), b.Len()
	b.Resources = append(b.Resources, model.Resource{})
	n := 0
	for i := 0; i < len(p); {
		var f wire.Field
		if f, i = wire.ReadField(p, i); i < 0 {
			return &Error{Problem: malformed}
		}
		switch f.Tag {
		case wire.ResourceSpansResource<<3 | asBytes:
			if err := d.resource(&b.Resources[r], f.Bytes); err != nil {
				return err.in("resource")
			}
		case wire.ResourceSpansScopeSpans<<3 | asBytes:
			d.path[1] = n
			if err := d.scopeSpans(r, f.Bytes); err != nil {
				return err.inItem("scope_spans", n)
			}
			n++
		case wire.ResourceSpansSchemaURL<<3 | asBytes:
			b.Resources[r].SchemaURL = d.text(f.Bytes)
		}
	}
	if b.Len() == before {
		b.Resources = b.Resources[:r]
	}
	return nil
}

// scopeSpans reserves the scope's place first, like resourceSpans.
func (d *protoDecoder) scopeSpans(resource uint32, p []byte) *Error {
	b := d.b
	s, before := uint32(len(b.Scopes)), b.Len()
	b.Scopes = append(b.Scopes, model.Scope{})
	n := 0
	for i := 0; i < len(p); {
		var f wire.Field
		if f, i = wire.ReadField(p, i); i < 0 {
			return &Error{Problem: malformed}
		}
		switch f.Tag {
		case wire.ScopeSpansSpans<<3 | asBytes:
			d.path[2] = n
			if err := d.span(resource, s, f.Bytes); err != nil {
				return err.inItem("spans", n)
			}
			n++
		case wire.ScopeSpansScope<<3 | asBytes:
			if err := d.scope(&b.Scopes[s], f.Bytes); err != nil {
				return err.in("scope")
			}
		case wire.ScopeSpansSchemaURL<<3 | asBytes:
			b.Scopes[s].SchemaURL = d.text(f.Bytes)
		}
	}
	if b.Len() == before {
		b.Scopes = b.Scopes[:s]
	}
	return nil
}

func (d *protoDecoder) resource(r *model.Resource, p []byte) *Error {
	start := d.reopen(r.Attrs)
	for i := 0; i < len(p); {
		var f wire.Field
		if f, i = wire.ReadField(p, i); i < 0 {
			return &Error{Problem: malformed}
		}
		switch f.Tag {
		case wire.ResourceAttributes<<3 | asBytes:
			if err := d.sideAttr(f.Bytes, start); err != nil {
				return err
			}
		case wire.ResourceDroppedAttrs<<3 | asVarint:
			r.DroppedAttrs = uint32(f.Bits)
		}
	}
	r.Attrs = d.since(start)
	return d.valueError()
}

func (d *protoDecoder) scope(s *model.Scope, p []byte) *Error {
	start := d.reopen(s.Attrs)
	for i := 0; i < len(p); {
		var f wire.Field
		if f, i = wire.ReadField(p, i); i < 0 {
			return &Error{Problem: malformed}
		}
		switch f.Tag {
		case wire.ScopeName<<3 | asBytes:
			s.Name = d.text(f.Bytes)
		case wire.ScopeVersion<<3 | asBytes:
			s.Version = d.text(f.Bytes)
		case wire.ScopeAttributes<<3 | asBytes:
			if err := d.sideAttr(f.Bytes, start); err != nil {
				return err
			}
		case wire.ScopeDroppedAttrs<<3 | asVarint:
			s.DroppedAttrs = uint32(f.Bits)
		}
	}
	s.Attrs = d.since(start)
	return d.valueError()
}
