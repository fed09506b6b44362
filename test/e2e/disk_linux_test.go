package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	collectorpb "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"golang.org/x/sys/unix"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// TestNearlyFullDisk fills the disk up to what the server is told to keep free:
// senders are refused and told why and when to come back, questions are still
// answered, and all is well again as soon as the space returns.
func TestNearlyFullDisk(t *testing.T) {
	data := t.TempDir()
	var st unix.Statfs_t
	if err := unix.Statfs(data, &st); err != nil {
		t.Fatal(err)
	}
	free := int64(st.Bavail) * st.Bsize
	// Others use this disk, too: the room between enough and too little is more
	// than they take or free in the seconds that this takes.
	room := min(1<<30, free/4)
	p := serve(t, data, fmt.Sprintf("--min-free=%d", free-room))
	kept := chain(3, "kept")
	p.send(kept)
	ballast := filepath.Join(data, "ballast")
	fill(t, ballast, 2*room)

	body, err := proto.Marshal(&collectorpb.ExportTraceServiceRequest{ResourceSpans: []*tracepb.ResourceSpans{chain(3, "refused")}})
	if err != nil {
		t.Fatal(err)
	}
	p.refusesHTTP(body, "the disk is nearly full")
	p.refusesGRPC(body, "the disk is nearly full")
	if text, code, err := p.fetch("/readyz"); err != nil || code != http.StatusServiceUnavailable || !bytes.Contains(text, []byte("nearly full")) {
		t.Errorf("/readyz: %d %s, %v", code, text, err)
	}
	if n := p.metric("flowscope_store_append_low_disk_total"); n != 2 {
		t.Errorf("%v requests refused for the disk, want 2", n)
	}
	want := map[string]*tracepb.ResourceSpans{}
	bySpan(want, []*tracepb.ResourceSpans{kept})
	compareSpans(t, p.otlpTrace(traceIDOf(kept)), want)

	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	p.eventually("ready when space returned", func() error {
		_, err := p.get("/readyz")
		return err
	})
	after := chain(3, "after")
	p.send(after)
	bySpan(want, []*tracepb.ResourceSpans{after})
	got := p.otlpTrace(traceIDOf(kept))
	for id, rs := range p.otlpTrace(traceIDOf(after)) {
		got[id] = rs
	}
	compareSpans(t, got, want)
}

// fill takes space from the disk without writing it.
func fill(t *testing.T, name string, size int64) {
	t.Helper()
	f, err := os.Create(name)
	if err == nil {
		err = errors.Join(unix.Fallocate(int(f.Fd()), 0, 0, size), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// refusesHTTP checks that a body is answered 503, why, and when to come back.
func (p *process) refusesHTTP(body []byte, why string) {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.otlp+"/v1/traces", bytes.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" || !bytes.Contains(answer, []byte(why)) {
		p.t.Errorf("answered %s, Retry-After %q, %q, %v; want 503 and %q", resp.Status, resp.Header.Get("Retry-After"), answer, err, why)
	}
}

// refusesGRPC is refusesHTTP for gRPC.
func (p *process) refusesGRPC(body []byte, why string) {
	p.t.Helper()
	conn, err := grpc.NewClient("passthrough:///"+p.grpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		p.t.Fatal(err)
	}
	defer conn.Close()
	request := ptraceotlp.NewExportRequest()
	if err := request.UnmarshalProto(body); err != nil {
		p.t.Fatal(err)
	}
	_, err = ptraceotlp.NewGRPCClient(conn).Export(context.WithoutCancel(p.t.Context()), request)
	s := status.Convert(err)
	for _, detail := range s.Details() {
		info, ok := detail.(*errdetails.RetryInfo)
		if ok && s.Code() == codes.ResourceExhausted && info.GetRetryDelay().AsDuration() > 0 && strings.Contains(s.Message(), why) {
			return
		}
	}
	p.t.Errorf("answered %v, details %v; want RESOURCE_EXHAUSTED, %q and when to come back", err, s.Details(), why)
}
