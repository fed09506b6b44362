package receive

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"

	"github.com/flowscope/flowscope/internal/model"
)

// postOnce sends a body on a connection of its own.
func postOnce(ctx context.Context, url string, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", contentProtobuf)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return nil
}

// sendBoth starts one request over each transport and returns how they ended,
// nil for well.
func sendBoth(t *testing.T, s *Server) (http, grpc <-chan error) {
	t.Helper()
	overHTTP, overGRPC := make(chan error, 1), make(chan error, 1)
	body := marshal(t, request(1))
	client := collector.NewTraceServiceClient(connect(t, s))
	ctx, url := t.Context(), s.tracesURL()
	go func() { overHTTP <- postOnce(ctx, url, body) }()
	go func() {
		_, err := client.Export(ctx, request(1))
		overGRPC <- err
	}()
	return overHTTP, overGRPC
}

func TestRunFinishesRequestsInFlight(t *testing.T) {
	sink := &memSink{entered: make(chan struct{}), gate: make(chan struct{})}
	s, stop := start(t, Config{}, sink)
	overHTTP, overGRPC := sendBoth(t, s)
	<-sink.entered
	<-sink.entered
	stopped := make(chan struct{})
	go func() { stop(); close(stopped) }()
	eventually(t, "new connections are refused", func() bool {
		return postOnce(t.Context(), s.tracesURL(), nil) != nil
	})
	select {
	case <-stopped:
		t.Fatal("Run returned while requests were in flight")
	default:
	}
	close(sink.gate)
	<-stopped
	if err := <-overHTTP; err != nil {
		t.Errorf("http: %v", err)
	}
	if err := <-overGRPC; err != nil {
		t.Errorf("grpc: %v", err)
	}
	if sink.spans() != 2 {
		t.Errorf("%d spans, want 2", sink.spans())
	}
}

func TestRunCutsRequestsAfterDrainTimeout(t *testing.T) {
	sink := &memSink{entered: make(chan struct{}), gate: make(chan struct{})}
	s, stop := start(t, Config{DrainTimeout: 50 * time.Millisecond}, sink)
	overHTTP, overGRPC := sendBoth(t, s)
	<-sink.entered
	<-sink.entered
	stop()
	if <-overHTTP == nil || <-overGRPC == nil {
		t.Error("a request that was not stored was acknowledged")
	}
}

func TestRunWithEndedContext(t *testing.T) {
	s, err := Listen(t.Context(), Config{HTTPAddr: "127.0.0.1:0", GRPCAddr: "127.0.0.1:0"}, new(memSink))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Run(ctx); err != nil {
		t.Errorf("Run: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close again: %v", err)
	}
}

func TestListenReportsTakenAddress(t *testing.T) {
	s, _ := start(t, Config{}, new(memSink))
	if _, err := Listen(t.Context(), Config{HTTPAddr: "127.0.0.1:0", GRPCAddr: s.GRPCAddr().String()}, new(memSink)); err == nil {
		t.Error("two servers listen on one address")
	}
}

func TestConcurrentSenders(t *testing.T) {
	sink := new(memSink)
	s, _ := start(t, Config{}, sink)
	client := collector.NewTraceServiceClient(connect(t, s))
	const senders, requests = 8, 20
	body := marshal(t, request(50))
	var all sync.WaitGroup
	for range senders {
		all.Go(func() {
			for range requests {
				if err := postOnce(t.Context(), s.tracesURL(), body); err != nil {
					t.Errorf("http: %v", err)
				}
				if _, err := client.Export(t.Context(), request(50)); err != nil {
					t.Errorf("grpc: %v", err)
				}
			}
		})
	}
	all.Wait()
	if want := senders * requests * 2 * 50; sink.spans() != want {
		t.Errorf("%d spans, want %d", sink.spans(), want)
	}
	// Buffers are reused: no batch may have kept a part of one.
	for _, b := range sink.batches {
		for i := range b.Len() {
			if got := b.Span(i); got.Name() != "GET /cart" || got.TraceID() != model.TraceID(bytes.Repeat([]byte{7}, 16)) {
				t.Fatalf("span %v %q", got.TraceID(), got.Name())
			}
		}
	}
}
