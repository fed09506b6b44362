package rest

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
	"github.com/flowscope/flowscope/internal/api/apitest"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/query/querytest"
)

// Both OTLP encodings are what the collector reads, with every span.
func TestTraceAsOTLP(t *testing.T) {
	f := newFixture(t, nil)
	path := "/api/v1/traces/" + querytest.TraceID(apitest.FailedCheckout).String()
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

func TestTraceHasEverything(t *testing.T) {
	f := newFixture(t, nil)
	*f.reader = *querytest.New(analyze.Config{}, apitest.RichTrace())
	url := "/api/v1/traces/" + model.TraceID{1}.String()
	golden(t, "trace_rich", f.get(url).Body.Bytes())
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
