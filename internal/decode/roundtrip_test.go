package decode

import (
	"bytes"
	"testing"

	"github.com/flowscope/flowscope/internal/encode"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/test/otlpgen"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// decoder is Proto or JSON.
type decoder func(*model.Batch, []byte) (Report, error)

// spansOf lists a batch's spans.
func spansOf(b *model.Batch) []model.Span {
	spans := make([]model.Span, b.Len())
	for i := range spans {
		spans[i] = b.Span(i)
	}
	return spans
}

// canonical is a protobuf request as pdata's JSON, in which every difference
// that counts shows.
func canonical(t *testing.T, body []byte) string {
	t.Helper()
	request := ptraceotlp.NewExportRequest()
	if err := request.UnmarshalProto(body); err != nil {
		t.Fatalf("pdata cannot read it: %v", err)
	}
	text, err := request.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// asSDK is a request with its fields in the order of their numbers.
func asSDK(t *testing.T, body []byte) []byte {
	t.Helper()
	var request collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &request); err != nil {
		t.Fatal(err)
	}
	body, err := proto.Marshal(&request)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func marshal(t *testing.T, td ptrace.Traces) (asProto, asJSON []byte) {
	t.Helper()
	request := ptraceotlp.NewExportRequestFromTraces(td)
	asProto, err := request.MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err = request.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return asProto, asJSON
}

// TestLossless decodes what pdata wrote and has pdata read what we write of it:
// both must be the same request.
func TestLossless(t *testing.T) {
	for name, td := range map[string]ptrace.Traces{
		"everything": otlpgen.Everything(),
		"realistic":  otlpgen.Traces(100, 1),
		"empty":      ptrace.NewTraces(),
	} {
		asProto, asJSON := marshal(t, td)
		want := canonical(t, asProto)
		for format, in := range map[string]struct {
			decode decoder
			body   []byte
		}{
			"protobuf of a collector": {Proto, asProto},
			"protobuf of an SDK":      {Proto, asSDK(t, asProto)},
			"JSON":                    {JSON, asJSON},
		} {
			t.Run(name+", "+format, func(t *testing.T) {
				var b model.Batch
				report, err := in.decode(&b, in.body)
				if err != nil || report.Accepted != td.SpanCount() || report.Message() != "" {
					t.Fatalf("%+v, %v", report, err)
				}
				clear(in.body) // the batch must not depend on it
				if got := canonical(t, encode.Proto(nil, spansOf(&b))); got != want {
					t.Errorf("as protobuf\n%s\nwant\n%s", got, want)
				}
				var again model.Batch
				if _, err := JSON(&again, encode.JSON(nil, spansOf(&b))); err != nil {
					t.Fatal(err)
				}
				if got := canonical(t, encode.Proto(nil, spansOf(&again))); got != want {
					t.Errorf("by way of JSON\n%s\nwant\n%s", got, want)
				}
			})
		}
	}
}

// TestAppends decodes two requests into one batch.
func TestAppends(t *testing.T) {
	first, second := otlpgen.Request(5, 1), otlpgen.Request(7, 2)
	var b, alone model.Batch
	for _, body := range [][]byte{first, second} {
		if _, err := Proto(&b, body); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Proto(&alone, second); err != nil {
		t.Fatal(err)
	}
	if b.Len() != 12 {
		t.Fatalf("%d spans, want 12", b.Len())
	}
	got, want := encode.Proto(nil, spansOf(&b)[5:]), encode.Proto(nil, spansOf(&alone))
	if !bytes.Equal(got, want) {
		t.Error("the second request's spans depend on the first's")
	}
}

// TestAllocations holds the hot path to its promises: memory grows by columns,
// not by spans, and stays below twice the request.
func TestAllocations(t *testing.T) {
	body := otlpgen.Request(benchSpans, 1)
	allocs := testing.AllocsPerRun(5, func() {
		var b model.Batch
		if _, err := Proto(&b, body); err != nil {
			t.Fatal(err)
		}
	})
	if allocs > benchSpans/10 {
		t.Errorf("%v allocations for %d spans", allocs, benchSpans)
	}
	var b model.Batch
	if _, err := Proto(&b, body); err != nil || b.Size() > 2*len(body) {
		t.Errorf("%d bytes become %d, %v", len(body), b.Size(), err)
	}
}
