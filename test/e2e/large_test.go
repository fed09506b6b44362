package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

func TestLargeTraces(t *testing.T) {
	for name, trace := range map[string]func() *tracepb.ResourceSpans{
		"10,000 spans":             func() *tracepb.ResourceSpans { return chain(10_000, "short") },
		"attributes of 100 KB":     func() *tracepb.ResourceSpans { return chain(3, strings.Repeat("ü", 50_000)) },
		"one span, one byte value": func() *tracepb.ResourceSpans { return chain(1, "x") },
	} {
		t.Run(name, func(t *testing.T) {
			p := serve(t, t.TempDir(), "--head-bytes=1MiB", "--head-age=1s")
			rs := trace()
			p.send(rs)
			want := map[string]*tracepb.ResourceSpans{}
			bySpan(want, []*tracepb.ResourceSpans{rs})
			id := traceIDOf(rs)
			compareSpans(t, p.otlpTrace(id), want)
			p.eventually("flow listed", func() error {
				var flow struct{ SpanCount int }
				err := p.getJSON("/api/v1/flows/"+id, &flow)
				if err == nil && flow.SpanCount != len(want) {
					err = fmt.Errorf("flow of %d spans, %d sent", flow.SpanCount, len(want))
				}
				return err
			})
			p.eventually("written as a block", func() error {
				metrics, err := p.get("/metrics")
				if err == nil && !bytes.Contains(metrics, []byte("\nflowscope_store_blocks 1")) {
					err = fmt.Errorf("no block yet")
				}
				return err
			})
			compareSpans(t, p.otlpTrace(id), want)
		})
	}
}

// chain makes a trace in which each span but the first is a child of the one
// before it, ten deep, so that it is both long and nested.
func chain(spans int, value string) *tracepb.ResourceSpans {
	traceID := randomBytes(16)
	begin := uint64(time.Now().UnixNano())
	out := &tracepb.ScopeSpans{Scope: &commonpb.InstrumentationScope{Name: "large"}}
	var parent []byte
	for i := range spans {
		if i%10 == 0 && i > 0 {
			parent = out.Spans[0].SpanId
		}
		s := &tracepb.Span{
			TraceId: traceID, SpanId: randomBytes(8), ParentSpanId: parent, Name: fmt.Sprintf("step %d", i),
			Kind: tracepb.Span_SPAN_KIND_INTERNAL, StartTimeUnixNano: begin + uint64(i), EndTimeUnixNano: begin + uint64(2*spans-i),
			Attributes: []*commonpb.KeyValue{text("payload", value), text("index", fmt.Sprint(i))},
		}
		parent = s.SpanId
		out.Spans = append(out.Spans, s)
	}
	return &tracepb.ResourceSpans{
		Resource:   &resourcepb.Resource{Attributes: []*commonpb.KeyValue{text("service.name", "large")}},
		ScopeSpans: []*tracepb.ScopeSpans{out},
	}
}

func text(key, value string) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}}}
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}

// send posts resource spans and fails the test unless they are acked whole.
func (p *process) send(rs ...*tracepb.ResourceSpans) {
	p.t.Helper()
	body, err := proto.Marshal(&collectorpb.ExportTraceServiceRequest{ResourceSpans: rs})
	if err != nil {
		p.t.Fatal(err)
	}
	status, answer := p.post("application/x-protobuf", "", body)
	var resp collectorpb.ExportTraceServiceResponse
	if status != http.StatusOK || proto.Unmarshal(answer, &resp) != nil || resp.PartialSuccess.GetRejectedSpans() != 0 {
		p.t.Fatalf("export answered %d %q", status, answer)
	}
}

// post sends a body to /v1/traces.
func (p *process) post(contentType, encoding string, body []byte) (status int, answer []byte) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, p.otlp+"/v1/traces", bytes.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}
	return p.do(req)
}

func traceIDOf(rs *tracepb.ResourceSpans) string {
	return fmt.Sprintf("%x", rs.ScopeSpans[0].Spans[0].TraceId)
}
