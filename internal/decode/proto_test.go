package decode

import (
	"bytes"
	"errors"
	"maps"
	"math"
	"strings"
	"testing"

	"github.com/flowscope/flowscope/internal/encode"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/wire"
)

// message joins encoded fields.
func message(fields ...[]byte) []byte { return bytes.Join(fields, nil) }

func field(num uint32, payload []byte) []byte { return wire.AppendBytes(nil, num, payload) }
func text(num uint32, s string) []byte        { return wire.AppendBytes(nil, num, s) }
func fixed(num uint32, v uint64) []byte       { return wire.AppendUint64(nil, num, v) }

func attr(num uint32, key string, v model.Value) []byte {
	return field(num, model.AppendKeyValue(nil, key, v))
}

func str(s string) model.Value { return model.Value{Type: model.TypeString, Str: s} }

// request wraps spans into a request of one resource and one scope.
func request(spans ...[]byte) []byte {
	var scope []byte
	for _, s := range spans {
		scope = append(scope, field(wire.ScopeSpansSpans, s)...)
	}
	return field(wire.TracesResourceSpans, field(wire.ResourceSpansScopeSpans, scope))
}

// The fields that every good span has.
func traceID() []byte { return field(wire.SpanTraceID, bytes.Repeat([]byte{1}, 16)) }
func spanID() []byte  { return field(wire.SpanSpanID, bytes.Repeat([]byte{2}, 8)) }
func start() []byte   { return fixed(wire.SpanStart, 100) }
func end() []byte     { return fixed(wire.SpanEnd, 200) }

// good is a good span with further fields.
func good(fields ...[]byte) []byte {
	return message(traceID(), spanID(), start(), end(), message(fields...))
}

// tooDeep is an array that nests deeper than it may.
func tooDeep() model.Value {
	v := str("x")
	for range model.MaxDepth + 1 {
		v = model.Value{Type: model.TypeArray, Str: string(model.AppendElement(nil, v))}
	}
	return v
}

func TestRefused(t *testing.T) {
	for name, tc := range map[string]struct {
		span []byte
		want Reason
	}{
		"no trace id":        {message(spanID(), start(), end()), BadTraceID},
		"zero trace id":      {good(field(wire.SpanTraceID, make([]byte, 16))), BadTraceID},
		"short trace id":     {good(field(wire.SpanTraceID, make([]byte, 15))), BadTraceID},
		"long trace id":      {good(field(wire.SpanTraceID, bytes.Repeat([]byte{1}, 17))), BadTraceID},
		"no span id":         {message(traceID(), start(), end()), BadSpanID},
		"zero span id":       {good(field(wire.SpanSpanID, make([]byte, 8))), BadSpanID},
		"short span id":      {good(field(wire.SpanSpanID, []byte{1})), BadSpanID},
		"no times":           {message(traceID(), spanID()), BadTime},
		"start out of range": {good(fixed(wire.SpanStart, 1<<63)), BadTime},
		"end out of range":   {good(fixed(wire.SpanEnd, 1<<63)), BadTime},
		"start too late":     {good(fixed(wire.SpanStart, uint64(model.LatestTime)+1)), BadTime},
		"end too late":       {good(fixed(wire.SpanEnd, math.MaxInt64)), BadTime},
		"too deep":           {good(attr(wire.SpanAttributes, "k", tooDeep())), BadValue},
		"bad array": {good(attr(wire.SpanAttributes, "k", model.Value{Type: model.TypeArray, Str: "\x0a\xff"})),
			BadValue},
		"too deep in an event": {good(field(wire.SpanEvents, attr(wire.EventAttributes, "k", tooDeep()))), BadValue},
		"too deep in a link":   {good(field(wire.SpanLinks, attr(wire.LinkAttributes, "k", tooDeep()))), BadValue},
	} {
		t.Run(name, func(t *testing.T) {
			extras := message(
				attr(wire.SpanAttributes, "k", str("v")),
				field(wire.SpanEvents, attr(wire.EventAttributes, "k", str("v"))),
				field(wire.SpanLinks, attr(wire.LinkAttributes, "k", str("v"))))
			body := request(good(extras), message(tc.span, extras), good(extras), good(extras))
			var b, want model.Batch
			report, err := Proto(&b, body)
			if err != nil || report.Accepted != 3 || report.Rejected != 1 || report.Reasons[tc.want] != 1 || len(report.Reasons) != 1 {
				t.Fatalf("%+v, %v", report, err)
			}
			if m := report.Message(); !strings.Contains(m, tc.want.text()) || !strings.Contains(m, "resource_spans[0].scope_spans[0].spans[1]") {
				t.Errorf("message %q", m)
			}
			if _, err := Proto(&want, request(good(extras), good(extras), good(extras))); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(encode.Proto(nil, spansOf(&b)), encode.Proto(nil, spansOf(&want))) {
				t.Error("the other spans differ from what they are without it")
			}
			if len(b.SideAttrs) != len(want.SideAttrs) {
				t.Errorf("%d side attributes, want %d", len(b.SideAttrs), len(want.SideAttrs))
			}
		})
	}
}

func TestCorrected(t *testing.T) {
	const bad = "a\xffb"
	list := model.Value{Type: model.TypeArray, Str: string(model.AppendElement(nil, str(bad)))}
	entries := model.Value{Type: model.TypeMap, Str: string(model.AppendEntry(nil, bad, model.Value{Type: model.TypeInt, Bits: 1}))}
	for name, tc := range map[string]struct {
		span []byte
		mark model.Marks
		want []byte // the corrected span
	}{
		"end before start":    {good(fixed(wire.SpanEnd, 50)), model.MarkEndBeforeStart, good(fixed(wire.SpanEnd, 100))},
		"no end":              {message(traceID(), spanID(), start()), model.MarkNoEnd, good(fixed(wire.SpanEnd, 100))},
		"no start":            {message(traceID(), spanID(), end()), model.MarkNoStart, good(fixed(wire.SpanStart, 200))},
		"short parent":        {good(field(wire.SpanParentID, []byte{1, 2})), model.MarkBadParent, good()},
		"text in name":        {good(text(wire.SpanName, bad)), model.MarkBadText, good(text(wire.SpanName, "a\uFFFDb"))},
		"text in attribute":   {good(attr(wire.SpanAttributes, bad, str(bad))), model.MarkBadText, good(attr(wire.SpanAttributes, "a\uFFFDb", str("a\uFFFDb")))},
		"text in event":       {good(field(wire.SpanEvents, text(wire.EventName, bad))), model.MarkBadText, good(field(wire.SpanEvents, text(wire.EventName, "a\uFFFDb")))},
		"text in array":       {good(attr(wire.SpanAttributes, "k", list)), model.MarkBadText, good(attr(wire.SpanAttributes, "k", withValidText(list)))},
		"text in map key":     {good(attr(wire.SpanAttributes, "k", entries)), model.MarkBadText, good(attr(wire.SpanAttributes, "k", withValidText(entries)))},
		"text as some bytes":  {good(attr(wire.SpanAttributes, "k", model.Value{Type: model.TypeBytes, Str: bad}), text(wire.SpanName, bad)), model.MarkBadText, good(attr(wire.SpanAttributes, "k", model.Value{Type: model.TypeBytes, Str: bad}), text(wire.SpanName, "a\uFFFDb"))},
		"link with short ids": {good(field(wire.SpanLinks, field(wire.LinkTraceID, []byte{1}))), model.MarkBadLink, good()},
	} {
		t.Run(name, func(t *testing.T) {
			var b, want model.Batch
			report, err := Proto(&b, request(tc.span, good(), tc.span))
			if err != nil || report.Accepted != 3 || report.Rejected != 0 {
				t.Fatalf("%+v, %v", report, err)
			}
			if !maps.Equal(report.Corrected, map[model.Marks]int{tc.mark: 2}) || !strings.Contains(report.Message(), "2 corrected: "+tc.mark.String()) {
				t.Errorf("corrected %v, message %q", report.Corrected, report.Message())
			}
			if b.Marks[0] != tc.mark || b.Marks[1] != 0 || b.Marks[2] != tc.mark {
				t.Errorf("marks %v, want %v on the first and the last", b.Marks, tc.mark)
			}
			if _, err := Proto(&want, request(tc.want, good(), tc.want)); err != nil {
				t.Fatal(err)
			}
			if got, want := encode.Proto(nil, spansOf(&b)), encode.Proto(nil, spansOf(&want)); !bytes.Equal(got, want) {
				t.Errorf("corrected to\n%q, want\n%q", got, want)
			}
		})
	}
}

func TestKept(t *testing.T) {
	for name, span := range map[string][]byte{
		"empty key":      good(attr(wire.SpanAttributes, "", str("v"))),
		"repeated key":   good(attr(wire.SpanAttributes, "k", str("v")), attr(wire.SpanAttributes, "k", str("w"))),
		"link to nobody": good(field(wire.SpanLinks, text(wire.LinkTraceState, "a=b"))),
		"zero length":    message(traceID(), spanID(), start(), fixed(wire.SpanEnd, 100)),
	} {
		var b model.Batch
		report, err := Proto(&b, request(span))
		if err != nil || report.Message() != "" {
			t.Errorf("%s: %+v, %v", name, report, err)
			continue
		}
		if got := encode.Proto(nil, spansOf(&b)); canonical(t, got) != canonical(t, request(span)) {
			t.Errorf("%s: became %q", name, got)
		}
	}
}

func TestUndefinedEnums(t *testing.T) {
	var b model.Batch
	status := field(wire.SpanStatus, wire.AppendUvarint(nil, wire.StatusCode, 258))
	if _, err := Proto(&b, request(good(wire.AppendUvarint(nil, wire.SpanKind, 6), status))); err != nil {
		t.Fatal(err)
	}
	if b.Kinds[0] != model.KindUnspecified || b.StatusCodes[0] != model.StatusUnset {
		t.Errorf("kind %d, status %d", b.Kinds[0], b.StatusCodes[0])
	}
}

func TestMalformed(t *testing.T) {
	truncated := []byte{0x0a, 5, 'x'}
	deep := attr(wire.ResourceAttributes, "k", tooDeep())
	scopeSpans := func(p []byte) []byte {
		return field(wire.TracesResourceSpans, field(wire.ResourceSpansScopeSpans, p))
	}
	for _, tc := range []struct {
		body []byte
		path string
	}{
		{truncated, "resource_spans[0]"},
		{[]byte("garbage"), "resource_spans[0]"},
		{message(request(good()), field(wire.TracesResourceSpans, truncated)), "resource_spans[1]"},
		{scopeSpans(truncated), "resource_spans[0].scope_spans[0]"},
		{scopeSpans(field(wire.ScopeSpansScope, truncated)), "resource_spans[0].scope_spans[0].scope"},
		{field(wire.TracesResourceSpans, field(wire.ResourceSpansResource, truncated)), "resource_spans[0].resource"},
		{field(wire.TracesResourceSpans, field(wire.ResourceSpansResource, deep)), "resource_spans[0].resource.attributes"},
		{request(good(), message(good(), truncated)), "resource_spans[0].scope_spans[0].spans[1]"},
		{request(good(attr(wire.SpanAttributes, "k", str("v")), field(wire.SpanAttributes, truncated))), "resource_spans[0].scope_spans[0].spans[0].attributes[1]"},
		{request(good(field(wire.SpanAttributes, field(wire.KeyValueValue, truncated)))), "resource_spans[0].scope_spans[0].spans[0].attributes[0]"},
		{request(good(field(wire.SpanStatus, truncated))), "resource_spans[0].scope_spans[0].spans[0].status"},
		{request(good(field(wire.SpanEvents, truncated))), "resource_spans[0].scope_spans[0].spans[0].events"},
		{request(good(field(wire.SpanLinks, field(wire.LinkAttributes, truncated)))), "resource_spans[0].scope_spans[0].spans[0].links.attributes[0]"},
	} {
		var b model.Batch
		report, err := Proto(&b, tc.body)
		var bad *Error
		if !errors.As(err, &bad) || bad.Path != tc.path || bad.Problem == "" {
			t.Errorf("% x: %v, want one at %q", tc.body, err, tc.path)
		}
		if report.Accepted != 0 {
			t.Errorf("%s: reports %d accepted spans", tc.path, report.Accepted)
		}
	}
}

// TestTruncatedAnywhere cuts a request at every byte. A prefix is either
// refused or a request of fewer spans.
func TestTruncatedAnywhere(t *testing.T) {
	span := good(attr(wire.SpanAttributes, "k", str("v")), field(wire.SpanEvents, text(wire.EventName, "e")))
	body := message(request(span), request(span))
	for n := range body {
		var b model.Batch
		if report, err := Proto(&b, body[:n]); err == nil && report.Accepted != n/(len(body)/2) {
			t.Errorf("the first %d bytes: %+v", n, report)
		}
	}
}

// TestAnyOrder has everything come after what refers to it, and in parts.
func TestAnyOrder(t *testing.T) {
	resource := func(key string) []byte {
		return field(wire.ResourceSpansResource, attr(wire.ResourceAttributes, key, str(key)))
	}
	scope := func(key string) []byte {
		return field(wire.ScopeSpansScope, message(attr(wire.ScopeAttributes, key, str(key)), text(wire.ScopeName, key)))
	}
	spans := field(wire.ScopeSpansSpans, message(
		field(wire.SpanEvents, attr(wire.EventAttributes, "e", str("e"))), text(wire.SpanName, "first"),
		field(wire.SpanStatus, text(wire.StatusMessage, "m")), field(wire.SpanStatus, wire.AppendUvarint(nil, wire.StatusCode, 2)),
		text(wire.SpanName, "last"), end(), start(), spanID(), traceID()))
	scopeSpans := message(text(wire.ScopeSpansSchemaURL, "s"), spans, scope("a"), spans, scope("b"))
	body := field(wire.TracesResourceSpans, message(
		text(wire.ResourceSpansSchemaURL, "r"), resource("a"), field(wire.ResourceSpansScopeSpans, scopeSpans), resource("b"),
		wire.AppendUvarint(nil, 777, 1), field(778, []byte("unknown"))))

	var b model.Batch
	report, err := Proto(&b, body)
	if err != nil || report.Accepted != 2 || report.Message() != "" {
		t.Fatalf("%+v, %v", report, err)
	}
	if got, want := canonical(t, encode.Proto(nil, spansOf(&b))), canonical(t, body); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if r := b.Side(b.Resources[0].Attrs); len(r) != 2 || b.Strings.Get(r[0].Key) != "a" || b.Strings.Get(r[1].Key) != "b" {
		t.Errorf("resource attributes %v", r)
	}
}

// TestUnusedResources keeps what has no spans out of the batch.
func TestUnusedResources(t *testing.T) {
	empty := field(wire.TracesResourceSpans, field(wire.ResourceSpansResource, attr(wire.ResourceAttributes, "k", str("v"))))
	var b model.Batch
	if _, err := Proto(&b, message(empty, request(), request([]byte{}), request(good()), empty)); err != nil {
		t.Fatal(err)
	}
	if len(b.Resources) != 1 || len(b.Scopes) != 1 || b.Len() != 1 {
		t.Errorf("%d resources, %d scopes, %d spans, want 1 of each", len(b.Resources), len(b.Scopes), b.Len())
	}
}

// TestHostileSize holds the bound that doc.go gives.
func TestHostileSize(t *testing.T) {
	const n = 100_000
	for name, body := range map[string][]byte{
		"empty spans":      field(wire.TracesResourceSpans, field(wire.ResourceSpansScopeSpans, bytes.Repeat([]byte{wire.ScopeSpansSpans<<3 | 2, 0}, n))),
		"empty resources":  bytes.Repeat([]byte{wire.TracesResourceSpans<<3 | 2, 0}, n),
		"empty scopes":     field(wire.TracesResourceSpans, bytes.Repeat([]byte{wire.ResourceSpansScopeSpans<<3 | 2, 0}, n)),
		"empty attributes": request(good(bytes.Repeat([]byte{wire.SpanAttributes<<3 | 2, 0}, n))),
		"empty events":     request(good(bytes.Repeat([]byte{wire.SpanEvents<<3 | 2, 0}, n))),
		"empty links":      request(good(bytes.Repeat([]byte{wire.SpanLinks<<3 | 2, 0}, n))),
	} {
		var b model.Batch
		if _, err := Proto(&b, body); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if times := b.Size() / len(body); times > 32 {
			t.Errorf("%s: %d times the size of the request", name, times)
		}
	}
}
