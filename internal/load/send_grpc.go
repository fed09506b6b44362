package load

import (
	"context"
	"fmt"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding"
	protocodec "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
)

// grpcSender sends OTLP/gRPC over one connection.
type grpcSender struct{ conn *grpc.ClientConn }

func newGRPCSender(addr string) (*grpcSender, error) {
	codec := rawCodec{encoding.GetCodecV2(protocodec.Name)}
	conn, err := grpc.NewClient("passthrough:///"+addr, // an address, not a name to look up
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDisableRetry(), // retries are ours to count
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(codec)))
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", addr, err)
	}
	return &grpcSender{conn}, nil
}

func (s *grpcSender) close() error { return s.conn.Close() }

func (s *grpcSender) send(ctx context.Context, body []byte) answer {
	said := new(collector.ExportTraceServiceResponse)
	err := s.conn.Invoke(ctx, collector.TraceService_Export_FullMethodName, body, said)
	if err == nil {
		return answer{outcome: taken, rejected: said.GetPartialSuccess().GetRejectedSpans()}
	}
	a := answer{outcome: refused, problem: err.Error()}
	after, told := retryDelay(err)
	switch status.Code(err) { // those that OTLP says to retry
	case codes.ResourceExhausted:
		if told {
			a.outcome = throttled
		}
	case codes.Unavailable:
		a.outcome = lost
		if told {
			a.outcome = throttled
		}
	case codes.Canceled, codes.DeadlineExceeded, codes.Aborted, codes.OutOfRange, codes.DataLoss:
		a.outcome = lost
	}
	a.after = after
	return a
}

// retryDelay is when the server wants to hear again, if it says.
func retryDelay(err error) (after time.Duration, told bool) {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.RetryInfo); ok {
			return info.GetRetryDelay().AsDuration(), true
		}
	}
	return 0, false
}

// rawCodec sends a []byte as the message that it holds.
type rawCodec struct{ encoding.CodecV2 }

// Marshal copies a []byte: gRPC may still hold it after the call was answered,
// and it is going to be overwritten.
func (c rawCodec) Marshal(v any) (mem.BufferSlice, error) {
	if p, ok := v.([]byte); ok {
		return mem.BufferSlice{mem.Copy(p, mem.DefaultBufferPool())}, nil
	}
	return c.CodecV2.Marshal(v)
}
