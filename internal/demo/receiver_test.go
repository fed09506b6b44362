package demo

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
)

// received is a span with what emitted it.
type received struct {
	*tracepb.Span
	resource []*common.KeyValue
}

func (s received) attr(key string) *common.AnyValue { return find(s.Attributes, key) }
func (s received) service() string                  { return find(s.resource, "service.name").GetStringValue() }

func find(attrs []*common.KeyValue, key string) *common.AnyValue {
	for _, kv := range attrs {
		if kv.Key == key {
			return kv.Value
		}
	}
	return nil
}

// receiver is an OTLP receiver over both transports that keeps all spans.
type receiver struct {
	collector.UnimplementedTraceServiceServer
	grpcAddr, httpAddr string

	mu                sync.Mutex
	spans             []received
	overGRPC, viaHTTP int
	arrived           chan struct{} // has room for one notice
}

func startReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{arrived: make(chan struct{}, 1)}
	web := httptest.NewServer(http.HandlerFunc(r.serveHTTP))
	t.Cleanup(web.Close)
	r.httpAddr = web.Listener.Addr().String()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.grpcAddr = listener.Addr().String()
	server := grpc.NewServer()
	collector.RegisterTraceServiceServer(server, r)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		if err := <-served; err != nil {
			t.Errorf("gRPC receiver: %v", err)
		}
	})
	return r
}

func (r *receiver) Export(_ context.Context, req *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	n := r.take(req)
	r.mu.Lock()
	r.overGRPC += n
	r.mu.Unlock()
	return &collector.ExportTraceServiceResponse{}, nil
}

func (r *receiver) serveHTTP(w http.ResponseWriter, req *http.Request) {
	export := &collector.ExportTraceServiceRequest{}
	body, err := io.ReadAll(req.Body)
	if err == nil {
		err = proto.Unmarshal(body, export)
	}
	if err != nil || req.URL.Path != "/v1/traces" {
		http.Error(w, "not an OTLP export", http.StatusBadRequest)
		return
	}
	n := r.take(export)
	r.mu.Lock()
	r.viaHTTP += n
	r.mu.Unlock()
}

func (r *receiver) take(req *collector.ExportTraceServiceRequest) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := len(r.spans)
	for _, rs := range req.ResourceSpans {
		for _, ss := range rs.ScopeSpans {
			for _, s := range ss.Spans {
				r.spans = append(r.spans, received{s, rs.Resource.Attributes})
			}
		}
	}
	select {
	case r.arrived <- struct{}{}:
	default:
	}
	return len(r.spans) - before
}

// since returns the spans from index n on.
func (r *receiver) since(n int) []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.spans[n:len(r.spans):len(r.spans)]
}
