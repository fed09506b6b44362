package receive

import (
	"context"
	"errors"
	"io"
	"net"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip" // gRPC's own registration of gzip
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/flowscope/flowscope/internal/decode"
)

const (
	// A client has one export in flight, a collector's queue ten.
	maxStreams = 128
	// What a stream may send before its message is read: gRPC's least. A
	// message being read may send all of itself.
	streamWindow = 64 << 10
	// What a connection may send ahead of being read off the socket, enough
	// for 10 MB/s over 100 ms of distance.
	connWindow = 1 << 20
)

// grpcDoor answers OTLP/gRPC.
type grpcDoor struct {
	*ingest
	server *grpc.Server
	health *health.Server
}

func newGRPCDoor(in *ingest) *grpcDoor {
	d := &grpcDoor{ingest: in, health: health.NewServer()}
	d.server = grpc.NewServer(
		grpc.ForceServerCodecV2(newRawCodec(in.buffers)),
		grpc.MaxRecvMsgSize(int(in.config.BodyLimit)),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.MaxHeaderListSize(maxHeaderBytes),
		grpc.StaticStreamWindowSize(streamWindow),
		grpc.StaticConnWindowSize(connWindow),
		grpc.ConnectionTimeout(min(helloTimeout, in.config.RequestTimeout)),
		grpc.InTapHandle(d.limitTime),
		grpc.WaitForHandlers(true),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 10 * time.Second, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{MaxConnectionIdle: in.config.IdleTimeout, Time: time.Minute, Timeout: 20 * time.Second}),
	)
	service := collector.TraceService_ServiceDesc.ServiceName
	d.server.RegisterService(&grpc.ServiceDesc{
		ServiceName: service,
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Export", Handler: d.export}},
		Metadata:    collector.TraceService_ServiceDesc.Metadata,
	}, d)
	healthpb.RegisterHealthServer(d.server, d.health)
	d.health.SetServingStatus(service, healthpb.HealthCheckResponse_SERVING)
	return d
}

func (d *grpcDoor) serve(l net.Listener) error {
	if err := d.server.Serve(l); !errors.Is(err, grpc.ErrServerStopped) {
		return err
	}
	return nil // drained before it began
}

func (d *grpcDoor) drain(ctx context.Context) {
	d.health.Shutdown()
	cut := context.AfterFunc(ctx, d.server.Stop)
	defer cut()
	d.server.GracefulStop()
}

// limitTime gives a call its deadline before its message is read, so that one
// that never arrives ends too. Health watches may last.
func (d *grpcDoor) limitTime(ctx context.Context, call *tap.Info) (context.Context, error) {
	if call.FullMethodName != collector.TraceService_Export_FullMethodName {
		return ctx, nil
	}
	limited, cancel := context.WithTimeout(ctx, d.config.RequestTimeout)
	context.AfterFunc(ctx, cancel) // a call's own context ends with the call
	return limited, nil
}

// export answers one call. Its first argument is the door itself.
//
//nolint:revive // grpc.MethodDesc wants the context second
func (d *grpcDoor) export(_ any, ctx context.Context, receive func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	d.stats.requests.Add(1)
	report, fail := d.accept(ctx, receive)
	if fail != nil {
		return nil, d.refuse(ctx, fail)
	}
	return answer(report), nil
}

// accept brings one call's spans from its message to the sink.
func (d *grpcDoor) accept(ctx context.Context, receive func(any) error) (*decode.Report, *failure) {
	lease := lease{budget: d.budget}
	defer lease.release()
	if !lease.resize(min(receiveAhead, d.config.BodyLimit)) {
		return nil, busy()
	}
	var m message
	if err := receive(&m); err != nil {
		return nil, d.receiveFailure(err)
	}
	size := int64(m.Len())
	if !lease.resize(size) {
		m.Free()
		return nil, busy()
	}
	d.stats.bytes.Add(size)
	return d.take(ctx, formatProtobuf, m.ReadOnlyData(), m.Free, &lease)
}

// receiveFailure tells why gRPC could not read a message, for counts and log.
// gRPC has answered the call itself by then: INTERNAL for what cannot be
// decompressed, though it is the sender's fault.
func (d *grpcDoor) receiveFailure(err error) *failure {
	var fail *failure
	switch s := status.Convert(err); {
	case s.Code() == codes.ResourceExhausted:
		fail = d.tooLarge()
	case s.Code() == codes.DeadlineExceeded:
		fail = refuse(TimedOut, "the message did not arrive in time")
	case s.Code() == codes.Internal && s.Message() != io.ErrUnexpectedEOF.Error():
		fail = refuse(Malformed, "body: %s", s.Message())
	default:
		fail = refuse(Aborted, "the message ended early")
	}
	fail.cause = err
	return fail
}

// refuse is the failure as gRPC tells it. RetryInfo makes RESOURCE_EXHAUSTED
// a request to come back; without it, OTLP clients drop the spans.
func (d *grpcDoor) refuse(ctx context.Context, fail *failure) error {
	var remote string
	if p, ok := peer.FromContext(ctx); ok {
		remote = p.Addr.String()
	}
	id := d.refused(ctx, remote, fail)
	if err := grpc.SetTrailer(ctx, metadata.Pairs("x-request-id", id)); err != nil {
		d.config.Logger.Debug("set a gRPC trailer", "error", err)
	}
	s := status.FromProto(fail.status())
	if fail.retryAfter > 0 {
		detailed, err := s.WithDetails(&errdetails.RetryInfo{RetryDelay: durationpb.New(fail.retryAfter)})
		if err != nil {
			return s.Err()
		}
		s = detailed
	}
	return s.Err()
}
