package receive

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

const jsonRequest = `{"resourceSpans":[{"scopeSpans":[{"spans":[
	{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","name":"login",
	 "startTimeUnixNano":"1544712660000000000","endTimeUnixNano":"1544712661000000000"}]}]}]}`

func gzipped(t *testing.T, p []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(p); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstded(t *testing.T, p []byte) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	return z.EncodeAll(p, nil)
}

func TestHTTPTakesEveryEncoding(t *testing.T) {
	sink := new(memSink)
	s, _ := start(t, Config{}, sink)
	pb := marshal(t, request(3))
	json := []byte(jsonRequest)
	for _, c := range []struct {
		contentType, coding string
		body                []byte
		spans               int
		answer              string
	}{
		{contentProtobuf, "", pb, 3, ""},
		{contentProtobuf, "identity", pb, 3, ""},
		{contentProtobuf, "gzip", gzipped(t, pb), 3, ""},
		{contentProtobuf, "zstd", zstded(t, pb), 3, ""},
		{contentProtobuf, "", nil, 0, ""}, // no spans at all is a request
		{contentJSON, "", json, 1, "{}"},
		{"application/json; charset=utf-8", "GZIP", gzipped(t, json), 1, "{}"},
		{contentJSON, "zstd", zstded(t, json), 1, "{}"},
	} {
		before := sink.spans()
		got := post(t, s.tracesURL(), bytes.NewReader(c.body), "Content-Type", c.contentType, "Content-Encoding", c.coding)
		if got.status != http.StatusOK || string(got.body) != c.answer {
			t.Errorf("%s %s: %d %q, want 200 %q", c.contentType, c.coding, got.status, got.body, c.answer)
		}
		if want, _, _ := strings.Cut(c.contentType, ";"); got.header.Get("Content-Type") != want {
			t.Errorf("%s %s: answered as %s", c.contentType, c.coding, got.header.Get("Content-Type"))
		}
		if got := sink.spans() - before; got != c.spans {
			t.Errorf("%s %s: %d spans reached the sink, want %d", c.contentType, c.coding, got, c.spans)
		}
	}
	stats := s.Stats().Transports["http"]
	if stats.Requests != 8 || stats.Accepted != 15 || len(stats.Refused) != 0 {
		t.Errorf("stats %+v", stats)
	}
}

// A chunked body has no length to size the buffer by, and the second one
// outgrows its first buffer several times.
func TestHTTPTakesChunkedAndLargeBodies(t *testing.T) {
	sink := new(memSink)
	s, _ := start(t, Config{BodyLimit: 32 << 20, InFlightLimit: 256 << 20}, sink)
	want := 0
	for _, n := range []int{10, 150_000} {
		body := marshal(t, request(n))
		got := post(t, s.tracesURL(), struct{ *bytes.Reader }{bytes.NewReader(body)}, "Content-Type", contentProtobuf)
		if got.status != http.StatusOK {
			t.Fatalf("%d bytes: %d %q", len(body), got.status, got.body)
		}
		want += n
	}
	if got := sink.spans(); got != want {
		t.Errorf("%d spans, want %d", got, want)
	}
}

func TestHTTPRefusals(t *testing.T) {
	sink := new(memSink)
	s, _ := start(t, Config{BodyLimit: 1000}, sink)
	pb := marshal(t, request(1))
	base := "http://" + s.HTTPAddr().String()
	noise := []byte("\xff\xfe\xfdnot protobuf at all")
	for _, c := range []struct {
		name, method, url, contentType, coding string
		body                                   []byte
		status                                 int
		code                                   codes.Code
		says                                   string
	}{
		{"garbage", "POST", s.tracesURL(), contentProtobuf, "", noise, 400, codes.InvalidArgument, "malformed"},
		{"garbage JSON", "POST", s.tracesURL(), contentJSON, "", noise, 400, codes.InvalidArgument, ""},
		{"truncated", "POST", s.tracesURL(), contentProtobuf, "", pb[:len(pb)-1], 400, codes.InvalidArgument, ""},
		{"truncated inside", "POST", s.tracesURL(), contentProtobuf, "", spanCutShort(t), 400, codes.InvalidArgument, "resource_spans[0].scope_spans[0].spans[0]"},
		{"not gzip", "POST", s.tracesURL(), contentProtobuf, "gzip", pb, 400, codes.InvalidArgument, "decompressed"},
		{"half a gzip", "POST", s.tracesURL(), contentProtobuf, "gzip", gzipped(t, pb)[:20], 400, codes.InvalidArgument, "decompressed"},
		{"not zstd", "POST", s.tracesURL(), contentProtobuf, "zstd", pb, 400, codes.InvalidArgument, "decompressed"},
		{"half a zstd", "POST", s.tracesURL(), contentJSON, "zstd", zstded(t, pb)[:20], 400, codes.InvalidArgument, "decompressed"},
		{"brotli", "POST", s.tracesURL(), contentProtobuf, "br", pb, 415, codes.InvalidArgument, "br"},
		{"text", "POST", s.tracesURL(), "text/plain", "", pb, 415, codes.InvalidArgument, "text/plain"},
		{"no type", "POST", s.tracesURL(), "", "", pb, 415, codes.InvalidArgument, ""},
		{"form", "POST", s.tracesURL(), "multipart/form-data; boundary=x", "", pb, 415, codes.InvalidArgument, ""},
		{"too large", "POST", s.tracesURL(), contentProtobuf, "", make([]byte, 1001), 413, codes.ResourceExhausted, "1000 bytes"},
		{"too large JSON", "POST", s.tracesURL(), contentJSON, "gzip", gzipped(t, make([]byte, 1001)), 413, codes.ResourceExhausted, "1000 bytes"},
		{"get", "GET", s.tracesURL(), contentProtobuf, "", nil, 405, codes.Unimplemented, "POST"},
		{"metrics", "POST", base + "/v1/metrics", contentProtobuf, "", nil, 404, codes.Unimplemented, "traces"},
		{"logs", "POST", base + "/v1/logs", contentJSON, "", []byte("{}"), 404, codes.Unimplemented, "traces"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := do(t, c.method, c.url, bytes.NewReader(c.body), "Content-Type", c.contentType, "Content-Encoding", c.coding)
			if got.status != c.status {
				t.Fatalf("%d %q, want %d", got.status, got.body, c.status)
			}
			if got.header.Get("X-Request-Id") == "" {
				t.Error("no request id")
			}
			st := decodeStatus(t, got, c.contentType)
			if codes.Code(st.Code) != c.code || !strings.Contains(st.Message, c.says) {
				t.Errorf("status %v, want %v and %q", st, c.code, c.says)
			}
		})
	}
	if n := sink.spans(); n != 0 {
		t.Errorf("%d spans reached the sink", n)
	}
	if held := s.Stats().InFlight; held != 0 {
		t.Errorf("%d bytes still held", held)
	}
}

// spanCutShort is a well-formed request but for its span, which ends inside
// its trace id.
func spanCutShort(t *testing.T) []byte {
	t.Helper()
	span := []byte{0x0a, 16, 1, 2, 3}
	wrap := func(field byte, p []byte) []byte { return append([]byte{field<<3 | 2, byte(len(p))}, p...) }
	return wrap(1, wrap(2, wrap(2, span)))
}

// decodeStatus reads a Status in the encoding of the request, JSON when that
// was neither.
func decodeStatus(t *testing.T, got reply, requested string) *spb.Status {
	t.Helper()
	read, want := protojson.Unmarshal, contentJSON
	if requested == contentProtobuf {
		read, want = proto.Unmarshal, contentProtobuf
	}
	if said := got.header.Get("Content-Type"); said != want {
		t.Errorf("answered as %q, want %q", said, want)
	}
	st := new(spb.Status)
	if err := read(got.body, st); err != nil {
		t.Fatalf("body %q is no Status: %v", got.body, err)
	}
	return st
}

// badSpans has one span to refuse, one to correct, one good one.
func badSpans() *collector.ExportTraceServiceRequest {
	req := request(3)
	spans := req.ResourceSpans[0].ScopeSpans[0].Spans
	spans[0].TraceId = make([]byte, 16)
	spans[1].EndTimeUnixNano = spans[1].StartTimeUnixNano - 1
	return req
}

func TestHTTPPartialSuccess(t *testing.T) {
	sink := new(memSink)
	s, _ := start(t, Config{}, sink)
	got := post(t, s.tracesURL(), bytes.NewReader(marshal(t, badSpans())), "Content-Type", contentProtobuf)
	answer := new(collector.ExportTraceServiceResponse)
	if err := proto.Unmarshal(got.body, answer); err != nil || got.status != http.StatusOK {
		t.Fatalf("%d %q: %v", got.status, got.body, err)
	}
	partial := answer.GetPartialSuccess()
	if partial.GetRejectedSpans() != 1 || !strings.Contains(partial.GetErrorMessage(), "trace id") || !strings.Contains(partial.GetErrorMessage(), "1 corrected") {
		t.Errorf("partial success %v", partial)
	}
	if sink.spans() != 2 {
		t.Errorf("%d spans stored, want 2", sink.spans())
	}
	stats := s.Stats().Transports["http"]
	if stats.Accepted != 2 || stats.Rejected["trace_id"] != 1 || len(stats.Corrected) != 1 {
		t.Errorf("stats %+v", stats)
	}

	got = post(t, s.tracesURL(), strings.NewReader(strings.Replace(jsonRequest, "eee19b7ec3c1b174", "0000000000000000", 1)), "Content-Type", contentJSON)
	if err := protojson.Unmarshal(got.body, answer); err != nil || got.status != http.StatusOK || answer.GetPartialSuccess().GetRejectedSpans() != 1 {
		t.Errorf("JSON: %d %q: %v", got.status, got.body, err)
	}
}

func TestHTTPStoreBehind(t *testing.T) {
	sink := new(memSink)
	s, _ := start(t, Config{}, sink)
	for _, c := range []struct {
		err        error
		retryAfter string
		code       codes.Code
	}{
		{fmt.Errorf("append: %w", laterError(2500*time.Millisecond)), "3", codes.ResourceExhausted},
		{laterError(0), "1", codes.ResourceExhausted},
		{errDisk, "", codes.Unavailable},
	} {
		sink.err = c.err
		got := post(t, s.tracesURL(), bytes.NewReader(marshal(t, request(1))), "Content-Type", contentProtobuf)
		if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") != c.retryAfter {
			t.Errorf("%v: %d, Retry-After %q, want 503 and %q", c.err, got.status, got.header.Get("Retry-After"), c.retryAfter)
		}
		if st := decodeStatus(t, got, contentProtobuf); codes.Code(st.Code) != c.code || strings.Contains(st.Message, "input/output") {
			t.Errorf("%v: status %v", c.err, st)
		}
	}
	stats := s.Stats().Transports["http"]
	if stats.Accepted != 0 || stats.Refused["behind"] != 2 || stats.Refused["failed"] != 1 {
		t.Errorf("stats %+v", stats)
	}
}

func TestCORS(t *testing.T) {
	const page, stranger = "https://shop.example", "https://evil.example"
	for _, c := range []struct {
		allowed                []string
		origin                 string
		status                 int
		allowOrigin, allowHead string
	}{
		{[]string{page}, page, 204, page, "content-type,x-team"},
		{[]string{page}, stranger, 403, "", ""},
		{[]string{"*"}, stranger, 204, "*", "content-type,x-team"},
		{nil, page, 405, "", ""},
	} {
		s, stop := start(t, Config{Origins: c.allowed}, new(memSink))
		got := do(t, http.MethodOptions, s.tracesURL(), nil, "Origin", c.origin,
			"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type,x-team")
		h := got.header
		if got.status != c.status || h.Get("Access-Control-Allow-Origin") != c.allowOrigin || h.Get("Access-Control-Allow-Headers") != c.allowHead {
			t.Errorf("preflight of %s to %v: %d %v", c.origin, c.allowed, got.status, h)
		}
		got = post(t, s.tracesURL(), strings.NewReader(jsonRequest), "Origin", c.origin, "Content-Type", contentJSON)
		if got.status != http.StatusOK || got.header.Get("Access-Control-Allow-Origin") != c.allowOrigin {
			t.Errorf("request of %s to %v: %d %v", c.origin, c.allowed, got.status, got.header)
		}
		stop()
	}
}
