package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/flowscope/flowscope/internal/load"
)

// BenchmarkIngest measures the CPU time the whole server spends on a span,
// receive to block with everything on, beside what pdata needs to unmarshal
// spans in the same run. The generator runs in this process and is not counted.
func BenchmarkIngest(b *testing.B) {
	for _, transport := range []string{"http", "grpc"} {
		b.Run(transport, func(b *testing.B) {
			for b.Loop() { // once: it takes longer than any -benchtime in use
				ingest(b, transport == "grpc")
			}
		})
	}
}

func ingest(b *testing.B, grpc bool) {
	b.Helper()
	p := serve(b, b.TempDir(), "--head-age=5s")
	addr := strings.TrimPrefix(p.otlp, "http://")
	if grpc {
		addr = p.grpc
	}
	result, err := load.Run(b.Context(), load.Config{
		GRPC: grpc, Addr: addr, Spans: 1_000_000, Warmup: 200_000, Conns: 2,
		PID: p.cmd.Process.Pid, Settle: 10 * time.Second, // two cuts: all spans are in blocks by then
	})
	if err != nil || result.ServerErr != nil || result.Failed > 0 {
		b.Fatalf("%+v: %v", result, err)
	}
	pdata := pdataPerSpan(b)
	server := float64(result.CPUPerMillion()) / 1e6
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(result.SpansPerSecond(), "spans/s")
	b.ReportMetric(server, "cpu-ns/span")
	b.ReportMetric(pdata, "pdata-cpu-ns/span")
	b.ReportMetric(server/pdata, "x-pdata")
	b.ReportMetric(p.metric("flowscope_store_stored_bytes")/p.metric("flowscope_store_stored_spans"), "B/span")
}

// pdataPerSpan is the CPU time in ns that the collector's own library needs to
// unmarshal a span of the same requests, garbage collection included.
func pdataPerSpan(b *testing.B) float64 {
	b.Helper()
	const spans, warm, rounds = 1000, 100, 1000
	body := loadRequest(b, spans)
	var began time.Duration
	for i := range warm + rounds {
		if i == warm {
			began = processCPU(b)
		}
		if err := ptraceotlp.NewExportRequest().UnmarshalProto(body); err != nil {
			b.Fatal(err)
		}
	}
	return float64(processCPU(b)-began) / (rounds * spans)
}

// loadRequest is what the generator sends as one request.
func loadRequest(b *testing.B, spans int64) (body []byte) {
	b.Helper()
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ = io.ReadAll(r.Body)
	}))
	defer receiver.Close()
	addr := strings.TrimPrefix(receiver.URL, "http://")
	if _, err := load.Run(b.Context(), load.Config{Addr: addr, Spans: spans}); err != nil || len(body) == 0 {
		b.Fatalf("a request of %d bytes: %v", len(body), err)
	}
	return body
}

// processCPU is the CPU time this process has used.
func processCPU(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// metric reads one value of /metrics.
func (p *process) metric(name string) float64 {
	p.t.Helper()
	text, err := p.get("/metrics")
	if err != nil {
		p.t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "\n"+name+" ")
	var value float64
	if _, err := fmt.Sscan(rest, &value); err != nil || !found {
		p.t.Fatalf("no metric %s", name)
	}
	return value
}
