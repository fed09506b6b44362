package decode

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/flowscope/flowscope/internal/encode"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/wire"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// FuzzProto asserts of any bytes that what is accepted is whole and reads the
// same after encoding, and holds the decoder to pdata: what pdata can read and
// write again we read, and unless we refused or corrected a span it says the
// same.
//
// The two differ on purpose where pdata departs from protobuf. It takes
// groups and varints that overflow; we refuse them. It refuses known fields of
// a foreign wire type; we skip them. So the comparison is made on what pdata
// writes, which has none of these.
func FuzzProto(f *testing.F) {
	f.Add(small())
	f.Add(request(good(attr(wire.SpanAttributes, "k", tooDeep())), []byte{}))
	f.Fuzz(func(t *testing.T, body []byte) {
		var b model.Batch
		if report, err := Proto(&b, body); err == nil {
			checkWhole(t, &b, report)
		}
		reference := ptraceotlp.NewExportRequest()
		if reference.UnmarshalProto(body) != nil {
			return
		}
		clean, err := reference.MarshalProto()
		if err != nil {
			t.Fatal(err)
		}
		comparePdata(t, clean)
	})
}

// small is a request that uses every field and every type, each as short as
// can be: fuzzing spends its time on what long inputs could be cut down to.
func small() []byte {
	list := model.AppendElement(nil, str("e"))
	var attrs []byte
	for _, v := range []model.Value{
		{}, str("s"), {Type: model.TypeBool, Bits: 1}, {Type: model.TypeInt, Bits: 1}, {Type: model.TypeDouble, Bits: 1 << 62},
		{Type: model.TypeBytes, Str: "\xff"}, {Type: model.TypeArray, Str: string(list)},
		{Type: model.TypeMap, Str: string(model.AppendEntry(nil, "k", model.Value{Type: model.TypeArray, Str: string(list)}))},
	} {
		attrs = append(attrs, attr(wire.SpanAttributes, "k", v)...)
	}
	const one = 1
	side := attr(wire.EventAttributes, "k", str("v"))
	span := good(attrs, text(wire.SpanName, "n"), text(wire.SpanTraceState, "t"), field(wire.SpanParentID, []byte("parentid")),
		wire.AppendUvarint(nil, wire.SpanKind, 2), wire.AppendUvarint(nil, wire.SpanDroppedAttrs, one),
		wire.AppendUint32(nil, wire.SpanFlags, one),
		field(wire.SpanEvents, message(fixed(wire.EventTime, one), text(wire.EventName, "n"), side)),
		field(wire.SpanLinks, message(field(wire.LinkTraceID, []byte("a trace id of 16")), text(wire.LinkTraceState, "t"))),
		field(wire.SpanStatus, message(text(wire.StatusMessage, "m"), wire.AppendUvarint(nil, wire.StatusCode, 2))))
	scope := message(field(wire.ScopeSpansScope, message(text(wire.ScopeName, "n"), side)), field(wire.ScopeSpansSpans, span))
	resource := attr(wire.ResourceAttributes, "k", str("v"))
	return field(wire.TracesResourceSpans, message(field(wire.ResourceSpansResource, resource),
		field(wire.ResourceSpansScopeSpans, scope), text(wire.ResourceSpansSchemaURL, "u")))
}

// comparePdata decodes what pdata wrote and compares it with what pdata reads.
func comparePdata(t *testing.T, body []byte) {
	t.Helper()
	var b model.Batch
	report, err := Proto(&b, body)
	if err != nil {
		var bad *Error
		if errors.As(err, &bad) && bad.Problem == badValue {
			return // pdata has no limit on nesting
		}
		t.Fatalf("pdata wrote it, and we cannot read it: %v", err)
	}
	want := ptraceotlp.NewExportRequest()
	if err := want.UnmarshalProto(body); err != nil {
		t.Fatal(err)
	}
	if want.Traces().SpanCount() != report.Accepted+report.Rejected {
		t.Fatalf("pdata reads %d spans, we %+v", want.Traces().SpanCount(), report)
	}
	if report.Message() != "" {
		return
	}
	dropWhatWeDrop(want.Traces())
	got := ptraceotlp.NewExportRequest()
	if err := got.UnmarshalProto(encode.Proto(nil, spansOf(&b))); err != nil {
		t.Fatalf("pdata cannot read what we wrote: %v", err)
	}
	if g, w := readable(t, got), readable(t, want); g != w && !keepsMore(w) {
		t.Fatalf("got\n%s\nwant\n%s", g, w)
	}
}

// dropWhatWeDrop takes out what doc.go says we do not keep.
func dropWhatWeDrop(td ptrace.Traces) {
	td.ResourceSpans().RemoveIf(func(rs ptrace.ResourceSpans) bool {
		rs.ScopeSpans().RemoveIf(func(ss ptrace.ScopeSpans) bool {
			for _, s := range ss.Spans().All() {
				if s.Kind() > ptrace.SpanKindConsumer || s.Kind() < 0 {
					s.SetKind(ptrace.SpanKindUnspecified)
				}
				if s.Status().Code() > ptrace.StatusCodeError || s.Status().Code() < 0 {
					s.Status().SetCode(ptrace.StatusCodeUnset)
				}
			}
			return ss.Spans().Len() == 0
		})
		return rs.ScopeSpans().Len() == 0
	})
}

// keepsMore reports whether pdata's JSON shows what we do not keep and its API
// does not reach: entity references, what belongs to profiles, and text in a
// resource or scope that is not UTF-8, which no span is marked for.
func keepsMore(text string) bool {
	return strings.Contains(text, "entityRefs") || strings.Contains(text, "Strindex") ||
		!utf8.ValidString(text) || strings.Contains(text, `\ufffd`)
}

func readable(t *testing.T, request ptraceotlp.ExportRequest) string {
	t.Helper()
	text, err := request.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// checkWhole asserts that a decoded batch can be read to its end and survives
// encoding and decoding.
func checkWhole(t *testing.T, b *model.Batch, report Report) {
	t.Helper()
	if report.Accepted != b.Len() || len(b.LinkEnds) != b.Len() {
		t.Fatalf("%d spans in the batch, %+v", b.Len(), report)
	}
	b.Seal()
	asProto, asJSON := encode.Proto(nil, spansOf(b)), encode.JSON(nil, spansOf(b))
	for i := range b.Len() {
		encode.AppendAttrs(nil, b, b.Span(i).Attrs())
		_ = b.Span(i).Resource().Service
	}
	var fromProto, fromJSON model.Batch
	if report, err := Proto(&fromProto, asProto); err != nil || report.Accepted != b.Len() || report.Message() != "" {
		t.Fatalf("reading what we wrote: %+v, %v", report, err)
	}
	if report, err := JSON(&fromJSON, asJSON); err != nil || report.Accepted != b.Len() || report.Message() != "" {
		t.Fatalf("reading the JSON we wrote: %+v, %v\n%s", report, err, asJSON)
	}
	if !bytes.Equal(encode.Proto(nil, spansOf(&fromProto)), asProto) {
		t.Fatalf("%q changes when it is decoded and encoded", asProto)
	}
	if got := encode.JSON(nil, spansOf(&fromJSON)); !bytes.Equal(got, asJSON) {
		t.Fatalf("%s\nbecomes\n%s", asJSON, got)
	}
}
