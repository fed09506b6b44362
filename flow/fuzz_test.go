package flow_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/flowscope/flowscope/flow"
	"github.com/flowscope/flowscope/internal/decode"
	"github.com/flowscope/flowscope/internal/model"
)

// made turns the bytes of a fuzzer into flows: each choice takes some of them.
type made struct{ from []byte }

func (m *made) number() int64 {
	var n uint64
	for range 8 {
		n = n<<8 | uint64(m.octet())
	}
	return int64(n)
}

func (m *made) octet() byte {
	if len(m.from) == 0 {
		return 0
	}
	b := m.from[0]
	m.from = m.from[1:]
	return b
}

func (m *made) text() string {
	n := min(int(m.octet())%40, len(m.from))
	s := string(m.from[:n])
	m.from = m.from[n:]
	return s
}

// at is a time from 1970 to 2116. What ends after 2199 the decoder refuses.
func (m *made) at() time.Time { return time.Unix(0, 1+m.number()&(1<<62-1)) }

func (m *made) attrs() (attrs []flow.Attr) {
	used := map[string]bool{}
	for range m.octet() % 4 {
		key := "k" + m.text()
		if used[strings.ToValidUTF8(key, "")] { // a second one of a name is lost
			continue
		}
		used[strings.ToValidUTF8(key, "")] = true
		switch m.octet() % 4 {
		case 0:
			attrs = append(attrs, flow.String(key, m.text()))
		case 1:
			attrs = append(attrs, flow.Int64(key, m.number()))
		case 2:
			attrs = append(attrs, flow.Float64(key, math.Float64frombits(uint64(m.number()))))
		default:
			attrs = append(attrs, flow.Bool(key, m.octet()&1 > 0))
		}
	}
	return attrs
}

func (m *made) flow() flow.Trace {
	f := flow.Trace{TraceID: flow.TraceID{15: 7}}
	for i := byte(1); i <= 12 && (len(m.from) > 0 || i == 1); i++ {
		s := flow.Span{
			SpanID: flow.SpanID{7: i}, ParentID: flow.SpanID{7: m.octet() % 13}, Name: m.text(), Kind: flow.Kind(m.octet() % 6),
			Start: m.at(), Duration: time.Duration(m.number() >> (2 + m.octet()%62)), Status: flow.Status(m.octet() % 3), Message: m.text(), Attrs: m.attrs(),
		}
		if s.Status != flow.Failed { // it has none
			s.Message = ""
		}
		for range m.octet() % 3 {
			s.Events = append(s.Events, flow.Event{Time: m.at(), Name: m.text(), Attrs: m.attrs()})
		}
		f.Spans = append(f.Spans, s)
	}
	return f
}

// FuzzFormats holds every format to being read by those it is for, whatever the
// names, attributes and times.
func FuzzFormats(f *testing.F) {
	f.Add([]byte("\x00\x05hello\x01"))
	f.Add([]byte("\x00\x06\"<\xff\n\\\x00\x02aaaaaaaabbbbbbbb\x10\x02\x05oh no\x03\x02id\x02\x7f\xf0\x00\x00\x00\x00\x00\x00"))
	f.Add(bytes.Repeat([]byte("\x01\x03abc\x02\x00\x00\x00\x00\x00\x00\x00\x01"), 20))
	f.Fuzz(func(t *testing.T, data []byte) {
		trace := (&made{data}).flow()
		for _, format := range []flow.Format{flow.FormatJSON, flow.FormatSankey, flow.FormatChrome} {
			var out bytes.Buffer
			if err := format.Write(&out, trace); err != nil {
				t.Fatal(err)
			}
			if !json.Valid(out.Bytes()) || !utf8.Valid(out.Bytes()) {
				t.Fatalf("format %d wrote %q", format, out.Bytes())
			}
		}
		checkMermaid(t, trace)
	})
}

// checkMermaid holds a flowchart to lines that no name can end or add to.
func checkMermaid(t *testing.T, trace flow.Trace) {
	t.Helper()
	var out bytes.Buffer
	if err := flow.WriteMermaid(&out, trace); err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n") {
		box := strings.Count(line, `"`) == 2 && strings.HasPrefix(line, "  n")
		arrow := strings.Contains(line, " --> ") && !strings.Contains(line, `"`)
		if i > 1 && !box && !arrow && !strings.HasPrefix(line, "  classDef failed ") || !utf8.ValidString(line) {
			t.Fatalf("line %d is %q", i, line)
		}
	}
}

// FuzzRecord records flows and reads them back: from the history, where they are
// OTLP, what was said must come back, but for bytes that are no UTF-8.
func FuzzRecord(f *testing.F) {
	f.Add([]byte("\x00\x05hello\x01"))
	f.Add(bytes.Repeat([]byte("\x01\x03a\xffc\x02\x00\x00\x00\x00\x00\x00\x00\x01"), 20))
	f.Fuzz(func(t *testing.T, data []byte) {
		want := (&made{data}).flow()
		tracker := flow.New()
		ops := make([]*flow.Op, len(want.Spans))
		ctx, root := tracker.StartSpec(t.Context(), flow.Spec{
			Name: want.Spans[0].Name, Kind: want.Spans[0].Kind, At: want.Spans[0].Start,
			Self: flow.SpanContext{TraceID: want.TraceID, SpanID: want.Spans[0].SpanID},
		})
		ops[0] = root
		for i := range want.Spans[1:] {
			s := &want.Spans[i+1]
			_, ops[i+1] = tracker.StartSpec(ctx, flow.Spec{Name: s.Name, Kind: s.Kind, At: s.Start, Self: flow.SpanContext{SpanID: s.SpanID}})
		}
		for i := len(ops) - 1; i >= 0; i-- {
			s, op := &want.Spans[i], ops[i]
			op.Set(s.Attrs...)
			op.SetStatus(s.Status, s.Message)
			for _, e := range s.Events {
				op.EventAt(e.Time, e.Name, e.Attrs...)
			}
			op.EndAt(s.End())
		}
		got := tracker.Flows(0)
		if len(got) != 1 || len(got[0].Spans) != len(want.Spans) || got[0].TraceID != want.TraceID {
			t.Fatalf("%d flows of %d operations", len(got), len(want.Spans))
		}
		for i := range want.Spans {
			compare(t, &got[0].Spans[i], &want.Spans[i])
		}
		checkEncoded(t, got[0])
	})
}

// checkEncoded holds what is encoded anew to what was read.
func checkEncoded(t *testing.T, f flow.Trace) {
	t.Helper()
	var b model.Batch
	if _, err := decode.Proto(&b, flow.EncodeOTLP(f)); err != nil || b.Len() != len(f.Spans) {
		t.Fatalf("%d spans of %d are read: %v", b.Len(), len(f.Spans), err)
	}
	b.Seal()
	for i := range f.Spans {
		got, want := b.Span(i), &f.Spans[i]
		if flow.TraceID(got.TraceID()) != f.TraceID || flow.SpanID(got.ID()) != want.SpanID || flow.SpanID(got.ParentID()) != want.ParentID ||
			got.Name() != want.Name || got.Duration() != int64(want.Duration) || got.Start() != want.Start.UnixNano() ||
			got.StatusMessage() != want.Message || len(got.Attrs()) != len(want.Attrs) || len(got.Events()) != len(want.Events) || len(got.Links()) != len(want.Links) ||
			int(b.DroppedAttrs[got.Row]) != want.Lost {
			t.Errorf("span %d is not %+v", i, want)
		}
	}
}

func compare(t *testing.T, got, want *flow.Span) {
	t.Helper()
	if got.SpanID != want.SpanID || got.Name != mended(want.Name) || got.Kind != want.Kind ||
		got.Status != want.Status || got.Message != mended(want.Message) || !got.Start.Equal(want.Start) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if !reflect.DeepEqual(said(got.Attrs), said(want.Attrs)) {
		t.Errorf("got attributes %v, want %v", said(got.Attrs), said(want.Attrs))
	}
	if len(got.Events) != len(want.Events) {
		t.Fatalf("%d events, want %d", len(got.Events), len(want.Events))
	}
	for i, e := range want.Events {
		g := got.Events[i]
		if g.Name != mended(e.Name) || !g.Time.Equal(e.Time) || !reflect.DeepEqual(said(g.Attrs), said(e.Attrs)) {
			t.Errorf("got event %+v, want %+v", g, e)
		}
	}
}

// mended is a text as OTLP has it.
func mended(s string) string { return string([]rune(s)) }

// said is attributes as text, those of one name as the last of them says.
func said(attrs []flow.Attr) map[string]string {
	out := map[string]string{}
	for _, a := range attrs {
		out[mended(a.Key())] = fmt.Sprintf("%T %s", a.Value(), mended(a.Text()))
	}
	return out
}

// FuzzTraceparent holds the parser to what it writes: a header that is taken is
// written as version 00 of itself.
func FuzzTraceparent(f *testing.F) {
	f.Add("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	f.Add("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more")
	f.Add("00-00000000000000000000000000000000-b7ad6b7169203331-01")
	f.Add("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	f.Fuzz(func(t *testing.T, header string) {
		s, ok := flow.ParseTraceparent(header)
		if !ok {
			if s != (flow.SpanContext{}) {
				t.Errorf("%q is refused and gives %+v", header, s)
			}
			return
		}
		again := s.Traceparent()
		if back, ok := flow.ParseTraceparent(again); !ok || back != s || again[2:53] != header[2:53] || !s.Valid() {
			t.Errorf("%q gives %+v, written as %q", header, s, again)
		}
	})
}

// FuzzBaggage holds what is handed on to be what came, as a header that is safe
// to send.
func FuzzBaggage(f *testing.F) {
	f.Add("a=b,c=%20d;p=1, e = f")
	f.Add("a=b;x=\x00,=,a,,;")
	f.Add(strings.Repeat("k=v,", 100))
	f.Fuzz(func(t *testing.T, header string) {
		ctx, _ := flow.Extract(t.Context(), http.Header{"Baggage": {header}})
		out := http.Header{}
		flow.Inject(ctx, out)
		sent := out.Get("Baggage")
		if strings.ContainsFunc(sent, func(r rune) bool { return r < ' ' || r > '~' }) || strings.Count(sent, ",") > 63 {
			t.Fatalf("%q is sent as %q", header, sent)
		}
		next, _ := flow.Extract(t.Context(), out)
		for member := range strings.SplitSeq(sent, ",") {
			key, _, _ := strings.Cut(member, "=")
			if flow.Baggage(ctx, key) != flow.Baggage(next, key) {
				t.Errorf("%q is %q, then %q", key, flow.Baggage(ctx, key), flow.Baggage(next, key))
			}
		}
	})
}
