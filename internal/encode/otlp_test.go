package encode

import (
	"testing"

	"github.com/flowscope/flowscope/internal/decode"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/test/otlpgen"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
)

// sent is a request of pdata's as a batch.
func sent(t *testing.T, td ptrace.Traces) *model.Batch {
	t.Helper()
	body, err := ptraceotlp.NewExportRequestFromTraces(td).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	var b model.Batch
	if report, err := decode.Proto(&b, body); err != nil || report.Rejected != 0 {
		t.Fatal(report, err)
	}
	b.Seal()
	return &b
}

func spansOf(b *model.Batch) []model.Span {
	spans := make([]model.Span, b.Len())
	for i := range spans {
		spans[i] = b.Span(i)
	}
	return spans
}

// TestPdataReadsBoth has pdata read both encodings, and finds what was sent.
func TestPdataReadsBoth(t *testing.T) {
	for name, td := range map[string]ptrace.Traces{"everything": otlpgen.Everything(), "realistic": otlpgen.Traces(50, 3)} {
		want := asJSON(t, td)
		spans := spansOf(sent(t, td))
		fromProto, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(Proto(nil, spans))
		if err != nil {
			t.Fatal(err)
		}
		if got := asJSON(t, fromProto); got != want {
			t.Errorf("%s as protobuf is\n%s\nwant\n%s", name, got, want)
		}
		fromJSON, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(JSON(nil, spans))
		if err != nil {
			t.Fatal(err)
		}
		if got := asJSON(t, fromJSON); got != want {
			t.Errorf("%s as JSON is\n%s\nwant\n%s", name, got, want)
		}
	}
}

func asJSON(t *testing.T, td ptrace.Traces) string {
	t.Helper()
	text, err := (&ptrace.JSONMarshaler{}).MarshalTraces(td)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestGroups sends a trace whose spans come mixed from several batches: each
// span stays with its own resource and scope, and both come once.
func TestGroups(t *testing.T) {
	one, two := sent(t, otlpgen.Everything()), sent(t, otlpgen.Everything())
	var mixed []model.Span
	for i := range one.Len() {
		mixed = append(mixed, one.Span(one.Len()-1-i), two.Span(i))
	}
	td, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(Proto(nil, mixed))
	if err != nil {
		t.Fatal(err)
	}
	if td.ResourceSpans().Len() != 6 || td.SpanCount() != len(mixed) {
		t.Errorf("%d resources with %d spans, want 6 with %d", td.ResourceSpans().Len(), td.SpanCount(), len(mixed))
	}
	for _, rs := range td.ResourceSpans().All() {
		service, named := rs.Resource().Attributes().Get("service.name")
		for _, ss := range rs.ScopeSpans().All() {
			if named && rs.ScopeSpans().Len() != 2 || !named && ss.Scope().Name() != "" {
				t.Errorf("service %q: %d scopes, one of them %q", service.Str(), rs.ScopeSpans().Len(), ss.Scope().Name())
			}
			if named && ss.Spans().Len() != 2 {
				t.Errorf("service %q, scope %q: %d spans, want 2", service.Str(), ss.Scope().Name(), ss.Spans().Len())
			}
		}
	}
}

// TestAppendsAfter leaves what is in the buffer alone.
func TestAppendsAfter(t *testing.T) {
	spans := spansOf(sent(t, otlpgen.Traces(1, 1)))
	if got, want := string(JSON([]byte("data: "), spans)), "data: "+string(JSON(nil, spans)); got != want {
		t.Errorf("JSON gives %s, want %s", got, want)
	}
	if got, want := string(Proto([]byte("data: "), spans)), "data: "+string(Proto(nil, spans)); got != want {
		t.Errorf("Proto gives %q, want %q", got, want)
	}
	if got := string(JSON(nil, nil)); got != `{"resourceSpans":[]}` {
		t.Errorf("no spans are %s", got)
	}
	if got := Proto(nil, nil); len(got) != 0 {
		t.Errorf("no spans are %q", got)
	}
}
