package e2e

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"testing"

	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// do sends a request; an answer, whatever it says, must come.
func (p *process) do(req *http.Request) (status int, answer []byte) {
	p.t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err = io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.StatusCode, answer
}

// TestBadInput throws hostile requests at a living server: each gets its clear
// answer, and what was acked before is still there afterwards.
func TestBadInput(t *testing.T) {
	p := serve(t, t.TempDir())
	good := chain(3, "kept")
	p.send(good)
	body, err := proto.Marshal(&collectorpb.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{chain(3, "x")}})
	if err != nil {
		t.Fatal(err)
	}
	const protobuf, json = "application/x-protobuf", "application/json"
	for _, c := range []struct {
		name, contentType, encoding string
		body                        []byte
		status                      int
		says                        string
	}{
		{"garbage", protobuf, "", bytes.Repeat([]byte{0xff}, 1000), 400, ""},
		{"truncated protobuf", protobuf, "", body[:len(body)-5], 400, "spans"},
		{"garbage json", json, "", []byte(`{"resourceSpans": [{"scopeSpans": 7}]}`), 400, "scopeSpans"},
		{"truncated json", json, "", []byte(`{"resourceSpans": [`), 400, ""},
		{"not gzip", protobuf, "gzip", body, 400, ""},
		{"gzip bomb", protobuf, "gzip", gzipped(make([]byte, 256<<20)), 413, ""},
		{"too large", protobuf, "", make([]byte, 17<<20), 413, ""},
		{"wrong content type", "text/plain", "", body, 415, ""},
		{"wrong encoding", protobuf, "br", body, 415, ""},
		{"nothing", protobuf, "", nil, 200, ""},
	} {
		status, answer := p.post(c.contentType, c.encoding, c.body)
		if status != c.status || !bytes.Contains(answer, []byte(c.says)) {
			t.Errorf("%s: %d %q, want %d and %q", c.name, status, answer, c.status, c.says)
		}
	}
	want := map[string]*tracepb.ResourceSpans{}
	bySpan(want, []*tracepb.ResourceSpans{good})
	compareSpans(t, p.otlpTrace(traceIDOf(good)), want)
}

func TestPartialSuccess(t *testing.T) {
	p := serve(t, t.TempDir())
	rs := chain(4, "partly bad")
	spans := rs.ScopeSpans[0].Spans
	spans[1].SpanId = nil
	spans[2].TraceId = []byte{1, 2, 3}
	spans[3].EndTimeUnixNano = spans[3].StartTimeUnixNano - 1
	body, err := proto.Marshal(&collectorpb.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{rs}})
	if err != nil {
		t.Fatal(err)
	}
	status, answer := p.post("application/x-protobuf", "", body)
	var resp collectorpb.ExportTraceServiceResponse
	if status != http.StatusOK || proto.Unmarshal(answer, &resp) != nil {
		t.Fatalf("answered %d %q", status, answer)
	}
	if got := resp.PartialSuccess.GetRejectedSpans(); got != 2 || resp.PartialSuccess.GetErrorMessage() == "" {
		t.Errorf("%d spans rejected because %q, want 2 and a reason", got, resp.PartialSuccess.GetErrorMessage())
	}
	var trace struct {
		Spans []struct{ Corrections []string }
	}
	p.eventually("the rest is stored", func() error { return p.getJSON("/api/v1/traces/"+traceIDOf(rs), &trace) })
	corrected := 0
	for _, s := range trace.Spans {
		corrected += len(s.Corrections)
	}
	if len(trace.Spans) != 2 || corrected != 1 {
		t.Errorf("%d spans with %d corrections stored, want 2 with 1", len(trace.Spans), corrected)
	}
}

func TestUnknownTraces(t *testing.T) {
	p := serve(t, t.TempDir())
	for path, want := range map[string]int{
		"/api/v1/traces/xyz":                              400,
		"/api/v1/traces/00000000000000000000000000000000": 400,
		"/api/v1/traces/0123456789abcdef0123456789abcdef": 404,
		"/api/v1/flows/0123456789abcdef0123456789abcdef":  404,
		"/api/v1/flows?colour=blue":                       400,
		"/api/v1/nothing":                                 404,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.api+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if status, answer := p.do(req); status != want || !bytes.Contains(answer, []byte("requestId")) {
			t.Errorf("%s: %d %s, want %d with a request id", path, status, answer, want)
		}
	}
}

func gzipped(p []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(p) // writing to memory cannot fail
	_ = w.Close()
	return out.Bytes()
}

// TestReady asks what is up.
func TestReady(t *testing.T) {
	p := serve(t, t.TempDir())
	var ready struct {
		Ready      bool
		Components map[string]string
	}
	if err := p.getJSON("/readyz", &ready); err != nil {
		t.Fatal(err)
	}
	c := ready.Components
	if !ready.Ready || c["store"] != "ok" || c["wal"] != "ok" || c["otlp-grpc"] != p.grpc || "http://"+c["otlp-http"] != p.otlp {
		t.Errorf("ready: %+v", ready)
	}
}
