package otlpgen

import (
	"math"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
)

// Everything is spans that use every field and every attribute type of OTLP,
// next to spans that use as little as they can.
func Everything() ptrace.Traces {
	td := ptrace.NewTraces()
	for _, name := range []string{"a", "b"} {
		rs := td.ResourceSpans().AppendEmpty()
		rs.SetSchemaUrl("schema of resource " + name)
		everyType(rs.Resource().Attributes())
		rs.Resource().Attributes().PutStr("service.name", name)
		rs.Resource().SetDroppedAttributesCount(1)
		for _, scope := range []string{"x", "y"} {
			ss := rs.ScopeSpans().AppendEmpty()
			ss.SetSchemaUrl("schema of scope " + scope)
			ss.Scope().SetName(scope)
			ss.Scope().SetVersion("1.2")
			everyType(ss.Scope().Attributes())
			ss.Scope().SetDroppedAttributesCount(2)
			fullSpan(ss.Spans().AppendEmpty(), byte(len(name+scope)))
			bareSpan(ss.Spans().AppendEmpty())
		}
	}
	bare := td.ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty()
	bareSpan(bare.Spans().AppendEmpty())
	return td
}

func fullSpan(s ptrace.Span, n byte) {
	s.SetTraceID(pcommon.TraceID{1, 15: n})
	s.SetSpanID(pcommon.SpanID{2, 7: n})
	s.SetParentSpanID(pcommon.SpanID{3, 7: n})
	s.TraceState().FromRaw("vendor=value,other=1")
	s.SetFlags(0xffffffff)
	s.SetName("näme \"quoted\"\n\t\u2028 𝄞")
	s.SetKind(ptrace.SpanKindConsumer)
	s.SetStartTimestamp(1_763_633_000_123_456_789)
	s.SetEndTimestamp(1_763_633_000_123_456_790)
	everyType(s.Attributes())
	s.SetDroppedAttributesCount(math.MaxUint32)
	s.SetDroppedEventsCount(4)
	s.SetDroppedLinksCount(5)
	s.Status().SetCode(ptrace.StatusCodeError)
	s.Status().SetMessage("it broke")
	for range 2 {
		e := s.Events().AppendEmpty()
		e.SetName("event")
		e.SetTimestamp(1_763_633_000_123_456_789)
		everyType(e.Attributes())
		e.SetDroppedAttributesCount(6)
		s.Events().AppendEmpty()

		l := s.Links().AppendEmpty()
		l.SetTraceID(pcommon.TraceID{4})
		l.SetSpanID(pcommon.SpanID{5})
		l.TraceState().FromRaw("a=b")
		l.SetFlags(0x100)
		everyType(l.Attributes())
		l.SetDroppedAttributesCount(7)
		s.Links().AppendEmpty().SetSpanID(pcommon.SpanID{6})
	}
}

func bareSpan(s ptrace.Span) {
	s.SetTraceID(pcommon.TraceID{1})
	s.SetSpanID(pcommon.SpanID{2})
	s.SetStartTimestamp(1)
	s.SetEndTimestamp(1)
}

func everyType(m pcommon.Map) {
	scalars(m)
	list := m.PutEmptySlice("array")
	for _, key := range []string{"string", "int", "bytes", "empty"} {
		v, _ := m.Get(key)
		v.CopyTo(list.AppendEmpty())
	}
	scalars(list.AppendEmpty().SetEmptyMap())
	list.AppendEmpty().SetEmptySlice().AppendEmpty().SetEmptySlice()
	nested := m.PutEmptyMap("map")
	scalars(nested)
	scalars(nested.PutEmptyMap("inner"))
	nested.PutEmptySlice("values").AppendEmpty().SetInt(1)
	m.PutEmptySlice("empty array")
	m.PutEmptyMap("empty map")
}

func scalars(m pcommon.Map) {
	m.PutStr("string", "text, ünïcode, \x00\x1f\x7f \\ /")
	m.PutStr("empty string", "")
	m.PutStr("long", strings.Repeat("0123456789", 100))
	m.PutStr("", "of the empty key")
	m.PutBool("true", true)
	m.PutBool("false", false)
	m.PutInt("int", math.MinInt64)
	m.PutInt("max", math.MaxInt64)
	m.PutInt("zero", 0)
	m.PutDouble("double", math.Pi)
	m.PutDouble("tiny", math.SmallestNonzeroFloat64)
	m.PutDouble("negative zero", math.Copysign(0, -1))
	m.PutDouble("infinity", math.Inf(1))
	m.PutDouble("negative infinity", math.Inf(-1))
	m.PutEmptyBytes("bytes").FromRaw([]byte{0, 0xff, 0xfe, '"'})
	m.PutEmptyBytes("empty bytes")
	m.PutEmpty("empty")
}
