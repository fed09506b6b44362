package block

import (
	"errors"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/wire"
)

// The columns events and links hold the fields of an OTLP Span message, so that
// any OTLP decoder reads them. Field numbers of
// opentelemetry/proto/trace/v1/trace.proto.
const (
	spanEvents = 11
	spanLinks  = 13

	eventTime, eventName, eventAttrs, eventDropped = 1, 2, 3, 4

	linkTrace, linkSpan, linkState, linkAttrs, linkDropped, linkFlags = 1, 2, 3, 4, 5, 6
)

func appendEvents(dst []byte, s model.Span) []byte {
	b := s.Batch
	for _, e := range s.Events() {
		dst = wire.AppendMessage(dst, spanEvents, func(p []byte) []byte {
			p = wire.AppendUint64(p, eventTime, uint64(e.Time))
			p = wire.AppendBytes(p, eventName, b.Strings.Get(e.Name))
			p = appendSide(p, eventAttrs, b, e.Attrs)
			return wire.AppendUvarint(p, eventDropped, uint64(e.DroppedAttrs))
		})
	}
	return dst
}

func appendLinks(dst []byte, s model.Span) []byte {
	b := s.Batch
	for _, l := range s.Links() {
		dst = wire.AppendMessage(dst, spanLinks, func(p []byte) []byte {
			p = wire.AppendBytes(p, linkTrace, l.TraceID[:])
			p = wire.AppendBytes(p, linkSpan, l.SpanID[:])
			p = wire.AppendBytes(p, linkState, b.Strings.Get(l.TraceState))
			p = appendSide(p, linkAttrs, b, l.Attrs)
			p = wire.AppendUvarint(p, linkDropped, uint64(l.DroppedAttrs))
			return wire.AppendUint32(p, linkFlags, l.Flags)
		})
	}
	return dst
}

func appendSide(dst []byte, num uint32, b *model.Batch, r model.Range) []byte {
	for _, a := range b.Side(r) {
		dst = wire.AppendMessage(dst, num, func(p []byte) []byte {
			return model.AppendKeyValue(p, b.Strings.Get(a.Key), b.Value(a))
		})
	}
	return dst
}

var errOTLP = errors.New("malformed OTLP")

// field is one protobuf field: v for numbers, p for bytes.
type field struct {
	num uint32
	v   uint64
	p   []byte
}

// fields calls yield with each field of a message until it reports false.
func fields(p []byte, yield func(field) bool) error {
	for i := 0; i < len(p); {
		num, typ, next := wire.Tag(p, i)
		if next < 0 {
			return errOTLP
		}
		f := field{num: num}
		switch typ {
		case wire.Varint:
			f.v, i = wire.Uvarint(p, next)
		case wire.Fixed64:
			f.v, i = wire.Uint64(p, next)
		case wire.Fixed32:
			var v uint32
			v, i = wire.Uint32(p, next)
			f.v = uint64(v)
		case wire.Bytes:
			f.p, i = wire.Span(p, next)
		default:
			return errOTLP
		}
		if i < 0 || !yield(f) {
			return errOTLP
		}
	}
	return nil
}

// parseEvents appends the events in p to a batch.
func parseEvents(b *model.Batch, p []byte) error {
	return fields(p, func(f field) bool {
		e := model.Event{Attrs: model.Range{Off: uint32(len(b.SideAttrs))}}
		err := fields(f.p, func(f field) bool {
			switch f.num {
			case eventTime:
				e.Time = int64(f.v)
			case eventName:
				e.Name = b.Strings.Intern(f.p)
			case eventAttrs:
				return parseSide(b, &e.Attrs, f.p)
			case eventDropped:
				e.DroppedAttrs = uint32(f.v)
			}
			return true
		})
		b.Events = append(b.Events, e)
		return err == nil
	})
}

// parseLinks appends the links in p to a batch.
func parseLinks(b *model.Batch, p []byte) error {
	return fields(p, func(f field) bool {
		l := model.Link{Attrs: model.Range{Off: uint32(len(b.SideAttrs))}}
		err := fields(f.p, func(f field) bool {
			switch f.num {
			case linkTrace:
				copy(l.TraceID[:], f.p)
			case linkSpan:
				copy(l.SpanID[:], f.p)
			case linkState:
				l.TraceState = b.Strings.Intern(f.p)
			case linkAttrs:
				return parseSide(b, &l.Attrs, f.p)
			case linkDropped:
				l.DroppedAttrs = uint32(f.v)
			case linkFlags:
				l.Flags = uint32(f.v)
			}
			return true
		})
		b.Links = append(b.Links, l)
		return err == nil
	})
}

// parseSide appends one KeyValue to the side attributes and to the range.
func parseSide(b *model.Batch, r *model.Range, p []byte) bool {
	var key string
	var v model.Value
	const kvKey, kvValue = 1, 2
	err := fields(p, func(f field) bool {
		ok := true
		switch f.num {
		case kvKey:
			key = string(f.p)
		case kvValue:
			v, ok = model.ParseAnyValue(f.p, 0)
		}
		return ok
	})
	b.SideAttrs = append(b.SideAttrs, b.NewAttr(key, v))
	r.Len++
	return err == nil
}
