package encode

import (
	"strconv"

	"github.com/flowscope/flowscope/internal/model"
)

// JSON appends spans as an OTLP/JSON TracesData object: ids as hexadecimal
// digits, 64-bit integers as strings, enums as integers, defaults left out.
func JSON(dst []byte, spans []model.Span) []byte {
	w := otlpWriter{newWriter(dst)}
	w.open('{')
	w.key("resourceSpans")
	w.open('[')
	for _, g := range groups(spans) {
		w.group(g)
	}
	w.close(']')
	w.close('}')
	return w.dst
}

// otlpWriter writes OTLP's messages as JSON.
type otlpWriter struct{ *writer }

func (w otlpWriter) group(g *group) {
	b := g.batch
	r := b.Resources[g.resource]
	w.open('{')
	w.key("resource")
	w.open('{')
	w.attrs(b, b.Side(r.Attrs))
	w.count("droppedAttributesCount", r.DroppedAttrs)
	w.close('}')
	w.key("scopeSpans")
	w.open('[')
	for _, s := range g.scopes {
		w.scopeGroup(b, s)
	}
	w.close(']')
	w.text("schemaUrl", b, r.SchemaURL)
	w.close('}')
}

func (w otlpWriter) scopeGroup(b *model.Batch, g scopeGroup) {
	s := b.Scopes[g.scope]
	w.open('{')
	w.key("scope")
	w.open('{')
	w.text("name", b, s.Name)
	w.text("version", b, s.Version)
	w.attrs(b, b.Side(s.Attrs))
	w.count("droppedAttributesCount", s.DroppedAttrs)
	w.close('}')
	w.key("spans")
	w.open('[')
	for _, span := range g.spans {
		w.span(span)
	}
	w.close(']')
	w.text("schemaUrl", b, s.SchemaURL)
	w.close('}')
}

func (w otlpWriter) span(s model.Span) {
	b, i := s.Batch, s.Row
	w.open('{')
	w.id("traceId", b.TraceIDs[i][:])
	w.id("spanId", b.SpanIDs[i][:])
	w.text("traceState", b, b.TraceStates[i])
	w.id("parentSpanId", b.ParentIDs[i][:])
	w.count("flags", b.Flags[i])
	w.text("name", b, b.Names[i])
	w.count("kind", uint32(b.Kinds[i]))
	w.time("startTimeUnixNano", b.Starts[i])
	w.time("endTimeUnixNano", b.Ends[i])
	w.attrs(b, s.Attrs())
	w.count("droppedAttributesCount", b.DroppedAttrs[i])
	w.events(b, s.Events())
	w.count("droppedEventsCount", b.DroppedEvents[i])
	w.links(b, s.Links())
	w.count("droppedLinksCount", b.DroppedLinks[i])
	w.key("status")
	w.open('{')
	w.text("message", b, b.StatusMessages[i])
	w.count("code", uint32(b.StatusCodes[i]))
	w.close('}')
	w.close('}')
}

func (w otlpWriter) events(b *model.Batch, events []model.Event) {
	if len(events) == 0 {
		return
	}
	w.key("events")
	w.open('[')
	for _, e := range events {
		w.open('{')
		w.time("timeUnixNano", e.Time)
		w.text("name", b, e.Name)
		w.attrs(b, b.Side(e.Attrs))
		w.count("droppedAttributesCount", e.DroppedAttrs)
		w.close('}')
	}
	w.close(']')
}

func (w otlpWriter) links(b *model.Batch, links []model.Link) {
	if len(links) == 0 {
		return
	}
	w.key("links")
	w.open('[')
	for _, l := range links {
		w.open('{')
		w.id("traceId", l.TraceID[:])
		w.id("spanId", l.SpanID[:])
		w.text("traceState", b, l.TraceState)
		w.attrs(b, b.Side(l.Attrs))
		w.count("droppedAttributesCount", l.DroppedAttrs)
		w.count("flags", l.Flags)
		w.close('}')
	}
	w.close(']')
}

func (w otlpWriter) attrs(b *model.Batch, list []model.Attr) {
	if len(list) == 0 {
		return
	}
	w.key("attributes")
	w.open('[')
	for key, v := range attrs(b, list) {
		w.keyValue(key, v)
	}
	w.close(']')
}

func (w otlpWriter) keyValue(key string, v model.Value) {
	w.open('{')
	w.key("key")
	w.string(key)
	w.key("value")
	w.value(v)
	w.close('}')
}

// value writes an AnyValue.
func (w otlpWriter) value(v model.Value) {
	w.open('{')
	switch v.Type {
	case model.TypeString:
		w.key("stringValue")
		w.string(v.Str)
	case model.TypeBool:
		w.key("boolValue")
		w.bool(v.Bool())
	case model.TypeInt:
		w.key("intValue")
		w.string(strconv.FormatInt(v.Int(), 10))
	case model.TypeDouble:
		w.key("doubleValue")
		w.double(v)
	case model.TypeBytes:
		w.key("bytesValue")
		w.base64(v.Str)
	case model.TypeArray:
		w.key("arrayValue")
		w.openValues()
		for el := range v.Elements {
			w.value(el)
		}
		w.closeValues()
	case model.TypeMap:
		w.key("kvlistValue")
		w.openValues()
		for key, el := range v.Entries {
			w.keyValue(key, el)
		}
		w.closeValues()
	}
	w.close('}')
}

func (w otlpWriter) openValues()  { w.open('{'); w.key("values"); w.open('[') }
func (w otlpWriter) closeValues() { w.close(']'); w.close('}') }

// The writers below leave out what is the default.

func (w otlpWriter) text(key string, b *model.Batch, r model.Ref) {
	if r != 0 {
		w.key(key)
		w.string(b.Strings.Get(r))
	}
}

func (w otlpWriter) count(key string, v uint32) {
	if v != 0 {
		w.key(key)
		w.uint(uint64(v))
	}
}

func (w otlpWriter) time(key string, ns int64) {
	if ns != 0 {
		w.key(key)
		w.string(strconv.FormatUint(uint64(ns), 10))
	}
}

func (w otlpWriter) id(key string, id []byte) {
	for _, b := range id {
		if b != 0 {
			w.key(key)
			w.hex(id)
			return
		}
	}
}
