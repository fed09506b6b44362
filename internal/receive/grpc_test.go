package receive

import (
	"context"
	"strings"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

func connect(t *testing.T, s *Server) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(s.GRPCAddr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// plainBytes sends a []byte as the message it is.
type plainBytes struct{ encoding.CodecV2 }

func (c plainBytes) Marshal(v any) (mem.BufferSlice, error) {
	if p, ok := v.([]byte); ok {
		return mem.BufferSlice{mem.SliceBuffer(p)}, nil
	}
	return c.CodecV2.Marshal(v)
}

// export sends bytes as an export request.
func export(ctx context.Context, conn *grpc.ClientConn, message []byte, opts ...grpc.CallOption) (*collector.ExportTraceServiceResponse, error) {
	answer := new(collector.ExportTraceServiceResponse)
	opts = append(opts, grpc.ForceCodecV2(plainBytes{encoding.GetCodecV2("proto")}))
	err := conn.Invoke(ctx, collector.TraceService_Export_FullMethodName, message, answer, opts...)
	return answer, err
}

func TestGRPCTakesEveryEncoding(t *testing.T) {
	sink := new(memSink)
	s, _ := start(t, Config{}, sink)
	client := collector.NewTraceServiceClient(connect(t, s))
	want := 0
	for _, compressor := range []string{encoding.Identity, "gzip", "zstd"} {
		for _, n := range []int{3, 20_000} {
			answer, err := client.Export(t.Context(), request(n), grpc.UseCompressor(compressor))
			if err != nil || answer.GetPartialSuccess() != nil {
				t.Errorf("%s, %d spans: %v, %v", compressor, n, answer, err)
			}
			want += n
		}
	}
	if got := sink.spans(); got != want {
		t.Errorf("%d spans, want %d", got, want)
	}
	if held := s.Stats().InFlight; held != 0 {
		t.Errorf("%d bytes still held", held)
	}
}

func TestGRPCRefusals(t *testing.T) {
	sink := new(memSink)
	s, _ := start(t, Config{BodyLimit: 10_000}, sink)
	conn := connect(t, s)
	for _, c := range []struct {
		name       string
		message    []byte
		compressor string
		code       codes.Code
		says       string
	}{
		{"garbage", []byte("\xff\xfe\xfdnot protobuf"), encoding.Identity, codes.InvalidArgument, "malformed"},
		{"truncated", spanCutShort(t), encoding.Identity, codes.InvalidArgument, "resource_spans[0].scope_spans[0].spans[0]"},
		{"too large", make([]byte, 10_001), encoding.Identity, codes.ResourceExhausted, "larger than max"},
		{"too large inside", make([]byte, 10_001), "gzip", codes.ResourceExhausted, "larger than max"},
		{"too large inside zstd", make([]byte, 10_001), "zstd", codes.ResourceExhausted, "larger than max"},
	} {
		var trailer metadata.MD
		_, err := export(t.Context(), conn, c.message, grpc.UseCompressor(c.compressor), grpc.Trailer(&trailer))
		st := status.Convert(err)
		if st.Code() != c.code || !strings.Contains(st.Message(), c.says) {
			t.Errorf("%s: %v, want %v and %q", c.name, err, c.code, c.says)
		}
		if len(st.Details()) != 0 {
			t.Errorf("%s: %v invites to send it again", c.name, st.Details())
		}
		if c.code == codes.InvalidArgument && len(trailer.Get("x-request-id")) != 1 {
			t.Errorf("%s: no request id in %v", c.name, trailer)
		}
	}
	eventually(t, "all bytes are given back", func() bool { return s.Stats().InFlight == 0 })
	if refused := s.Stats().Transports["grpc"].Refused; refused["malformed"] != 2 || refused["too_large"] != 3 || sink.spans() != 0 {
		t.Errorf("%d spans stored, refused %v", sink.spans(), refused)
	}
}

// A message that says it is compressed and is not.
func TestGRPCNotCompressed(t *testing.T) {
	s, _ := start(t, Config{}, new(memSink))
	for _, coding := range []string{"gzip", "zstd"} {
		code := rawUnary(t, s.GRPCAddr().String(), coding, 1, []byte("plain text"))
		if code != codes.Internal {
			t.Errorf("%s: %v, want Internal", coding, code)
		}
	}
	eventually(t, "both are counted", func() bool { return s.Stats().Transports["grpc"].Refused["malformed"] == 2 })
}

func TestGRPCDecompressionBombs(t *testing.T) {
	sink := new(memSink)
	s, _ := start(t, Config{}, sink)
	for coding, body := range bombs(t) {
		used := allocated(func() {
			if code := rawUnary(t, s.GRPCAddr().String(), coding, 1, body); code != codes.ResourceExhausted {
				t.Errorf("%s: %v, want ResourceExhausted", coding, code)
			}
		})
		if used > 64<<20 {
			t.Errorf("%s: %d MiB allocated for a bomb of %d bytes", coding, used>>20, len(body))
		}
	}
	if sink.spans() != 0 {
		t.Errorf("%d spans reached the sink", sink.spans())
	}
}

func TestGRPCPartialSuccess(t *testing.T) {
	sink := new(memSink)
	s, _ := start(t, Config{}, sink)
	answer, err := collector.NewTraceServiceClient(connect(t, s)).Export(t.Context(), badSpans())
	if err != nil || answer.GetPartialSuccess().GetRejectedSpans() != 1 || !strings.Contains(answer.GetPartialSuccess().GetErrorMessage(), "trace id") {
		t.Errorf("%v, %v", answer, err)
	}
	if sink.spans() != 2 {
		t.Errorf("%d spans stored, want 2", sink.spans())
	}
}

func TestGRPCStoreBehind(t *testing.T) {
	sink := &memSink{err: laterError(1500 * time.Millisecond)}
	s, _ := start(t, Config{}, sink)
	client := collector.NewTraceServiceClient(connect(t, s))
	_, err := client.Export(t.Context(), request(1))
	st := status.Convert(err)
	if st.Code() != codes.ResourceExhausted || len(st.Details()) != 1 {
		t.Fatalf("%v with %v", err, st.Details())
	}
	if info, ok := st.Details()[0].(*errdetails.RetryInfo); !ok || info.GetRetryDelay().AsDuration() != 1500*time.Millisecond {
		t.Errorf("detail %v", st.Details()[0])
	}
	sink.err = errDisk
	if _, err := client.Export(t.Context(), request(1)); status.Code(err) != codes.Unavailable {
		t.Errorf("%v, want Unavailable", err)
	}
}

func TestGRPCInFlightLimit(t *testing.T) {
	sink := &memSink{entered: make(chan struct{}, 1), gate: make(chan struct{})}
	s, _ := start(t, Config{BodyLimit: 1000, InFlightLimit: 1500}, sink)
	client := collector.NewTraceServiceClient(connect(t, s))
	first := make(chan error)
	go func() {
		_, err := client.Export(context.Background(), request(14))
		first <- err
	}()
	<-sink.entered
	_, err := client.Export(t.Context(), request(14))
	if st := status.Convert(err); st.Code() != codes.ResourceExhausted || len(st.Details()) != 1 {
		t.Errorf("%v, want ResourceExhausted with RetryInfo", err)
	}
	close(sink.gate)
	if err := <-first; err != nil {
		t.Errorf("the first request ended with %v", err)
	}
	if held := s.Stats().InFlight; held != 0 {
		t.Errorf("%d bytes still held", held)
	}
}

// A call whose message never comes ends at its deadline and gives back what it
// was charged.
func TestGRPCSlowMessageTimesOut(t *testing.T) {
	s, _ := start(t, Config{RequestTimeout: 200 * time.Millisecond}, new(memSink))
	stream, err := connect(t, s).NewStream(t.Context(), &grpc.StreamDesc{ClientStreams: true}, collector.TraceService_Export_FullMethodName)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.RecvMsg(new(collector.ExportTraceServiceResponse)); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("%v, want DeadlineExceeded", err)
	}
	eventually(t, "the lease is given back", func() bool { return s.Stats().InFlight == 0 })
	eventually(t, "it is counted", func() bool { return s.Stats().Transports["grpc"].Refused["timed_out"] == 1 })
}

func TestGRPCHealth(t *testing.T) {
	s, _ := start(t, Config{}, new(memSink))
	client := healthpb.NewHealthClient(connect(t, s))
	for _, service := range []string{"", collector.TraceService_ServiceDesc.ServiceName} {
		got, err := client.Check(t.Context(), &healthpb.HealthCheckRequest{Service: service})
		if err != nil || got.GetStatus() != healthpb.HealthCheckResponse_SERVING {
			t.Errorf("%q: %v, %v", service, got, err)
		}
	}
}

func TestGRPCUnknownService(t *testing.T) {
	s, _ := start(t, Config{}, new(memSink))
	err := connect(t, s).Invoke(t.Context(), "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
		&collector.ExportTraceServiceRequest{}, new(collector.ExportTraceServiceResponse))
	if status.Code(err) != codes.Unimplemented {
		t.Errorf("%v, want Unimplemented", err)
	}
}
