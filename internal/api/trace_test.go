package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/analyze/analyzetest"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/query/querytest"
)

// Both OTLP encodings are what the collector reads, with every span.
func TestTraceAsOTLP(t *testing.T) {
	f := newFixture(t, nil)
	path := "/api/v1/traces/" + querytest.TraceID(aFailedCheckout).String()
	asProto, asJSON := f.get(path, "Accept", protobufType), f.get(path+"?format=otlp")
	if got := asProto.Header().Get("Content-Type"); got != protobufType {
		t.Errorf("content type %s", got)
	}
	fromProto, err := (&ptrace.ProtoUnmarshaler{}).UnmarshalTraces(asProto.Body.Bytes())
	if err != nil || fromProto.SpanCount() != 6 {
		t.Errorf("protobuf: %d spans (%v)", fromProto.SpanCount(), err)
	}
	fromJSON, err := (&ptrace.JSONUnmarshaler{}).UnmarshalTraces(asJSON.Body.Bytes())
	if err != nil || fromJSON.SpanCount() != 6 {
		t.Errorf("JSON: %d spans (%v)", fromJSON.SpanCount(), err)
	}
}

// richTrace is a trace of one span that has everything a span can have.
func richTrace() *model.Batch {
	b := &model.Batch{}
	text := func(s string) model.Ref { return b.Strings.InternString(s) }
	side := func(key, value string) model.Range {
		off := uint32(len(b.SideAttrs))
		b.SideAttrs = append(b.SideAttrs, b.NewAttr(key, model.Value{Type: model.TypeString, Str: value}))
		return model.Range{Off: off, Len: 1}
	}
	b.Resources = []model.Resource{{Attrs: side("service.name", "rich"), SchemaURL: text("res-schema"), DroppedAttrs: 1}}
	b.Scopes = []model.Scope{{Name: text("lib"), Version: text("2"), Attrs: side("k", "v"), SchemaURL: text("scope-schema")}}
	i := b.AddSpan(0, 0)
	b.TraceIDs[i], b.SpanIDs[i], b.ParentIDs[i] = model.TraceID{1}, model.SpanID{2}, model.SpanID{3}
	b.Starts[i], b.Ends[i] = querytest.Epoch, querytest.Epoch+5
	b.Names[i], b.Kinds[i] = text(`say "<hé>"`), model.KindProducer
	b.StatusCodes[i], b.StatusMessages[i] = model.StatusError, text("bad")
	b.TraceStates[i], b.Flags[i] = text("a=b"), 0x101
	b.DroppedAttrs[i], b.DroppedEvents[i], b.DroppedLinks[i] = 4, 5, 6
	b.Marks[i] = model.MarkBadLink | model.MarkEndBeforeStart
	b.Attrs = append(b.Attrs,
		b.NewAttr("big", model.Value{Type: model.TypeInt, Bits: 1<<53 + 1}),
		b.NewAttr("small", model.Value{Type: model.TypeInt, Bits: 7}),
		b.NewAttr("bytes", model.Value{Type: model.TypeBytes, Str: "\x00\xff"}),
		b.NewAttr("list", model.Value{Type: model.TypeArray,
			Str: string(model.AppendElement(nil, model.Value{Type: model.TypeBool, Bits: 1}))}),
	)
	b.Events = append(b.Events, model.Event{Time: querytest.Epoch + 3, Name: text("tick"), Attrs: side("n", "1")})
	b.Links = append(b.Links, model.Link{TraceID: model.TraceID{8}, SpanID: model.SpanID{9}, TraceState: text("c=d"), Attrs: side("l", "2")})
	b.EndSpan()
	b.Seal()
	return b
}

func TestTraceHasEverything(t *testing.T) {
	f := newFixture(t, nil)
	*f.reader = *querytest.New(analyze.Config{}, richTrace())
	url := "/api/v1/traces/" + model.TraceID{1}.String()
	golden(t, "trace_rich", f.get(url).Body.Bytes())
	validate(t, loadOpenAPI(t), f, url)
}

// wide is a trace of n spans with nine attributes each.
func wide(n int) *model.Batch {
	var attrs strings.Builder
	for i := range 9 {
		fmt.Fprintf(&attrs, " http.request.attribute.%d=some-value-of-usual-length-%d", i, i)
	}
	drawing := strings.Repeat("\n  web: GET /page [internal] |  ==="+attrs.String(), n-1)
	spans, err := analyzetest.Draw("wide", "web: GET / [server] |=========="+drawing)
	if err != nil {
		panic(err)
	}
	return analyzetest.Batch(spans)
}

func TestTraceOfTenThousandSpans(t *testing.T) {
	f := newFixture(t, nil)
	batch := wide(10_000)
	*f.reader = *querytest.New(analyze.Config{}, batch)
	w := f.get("/api/v1/traces/" + batch.TraceIDs[0].String())
	var got struct{ Spans []struct{ SpanID string } }
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got.Spans) != 10_000 {
		t.Errorf("%d: %d spans (%v)", w.Code, len(got.Spans), err)
	}
}

func BenchmarkTraceOfTenThousandSpans(b *testing.B) {
	f := newFixture(b, nil)
	batch := wide(10_000)
	*f.reader = *querytest.New(analyze.Config{}, batch)
	r := httptest.NewRequest(http.MethodGet, "/api/v1/traces/"+batch.TraceIDs[0].String(), nil)
	for b.Loop() {
		w := httptest.NewRecorder()
		f.ServeHTTP(w, r)
		b.SetBytes(int64(w.Body.Len()))
	}
}
