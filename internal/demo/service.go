package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

const (
	// headerSeed carries the seed of the callee's random choices, hexadecimal.
	headerSeed = "X-Demo-Seed"
	// headerOperation is how front ends without OpenTelemetry name the operation; a gateway captures it.
	headerOperation = "X-Operation-Name"
)

// instance is one running pod of a service.
type instance struct {
	service   service
	version   string
	mesh      *mesh
	telemetry *telemetry
	tracer    trace.Tracer
	transport *transport
	http      *http.Client
	server    *http.Server
	addr      string
	served    chan struct{} // closed when the server's accept loop has ended
}

func newInstance(m *mesh, s service, version, pod string, preferGRPC bool) (*instance, error) {
	tel, err := newTelemetry(m.demo, newResource(s, version, pod, m.environment), preferGRPC)
	if err != nil {
		return nil, err
	}
	in := &instance{service: s, version: version, mesh: m, telemetry: tel, transport: newTransport(m.clock)}
	in.tracer = tel.provider.Tracer(scopeName, trace.WithInstrumentationVersion(version))
	in.http = in.transport.client(tel.provider)
	return in, nil
}

// serve listens on a free loopback port and serves requests, whose contexts descend from ctx.
func (in *instance) serve(ctx context.Context) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for %s: %w", in.service.name, err)
	}
	in.addr = listener.Addr().String()
	in.server = &http.Server{
		Handler:           in.routes(),
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          slog.NewLogLogger(in.mesh.demo.cfg.Logger.Handler(), slog.LevelDebug),
	}
	in.served = make(chan struct{})
	go func() {
		defer close(in.served)
		if err := in.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			in.mesh.demo.cfg.Logger.Error("demo service stopped serving", "service", in.service.name, "err", err)
		}
	}()
	return nil
}

func (in *instance) routes() http.Handler {
	mux := http.NewServeMux()
	for _, e := range in.service.endpoints {
		// Inside the mux, so that the route is known when the span starts.
		mux.Handle(e.route, otelhttp.NewHandler(in.handler(e), e.route, otelOptions(in.telemetry.provider)...))
	}
	return mux
}

// handler serves one endpoint by running its steps.
func (in *instance) handler(e endpoint) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		span := trace.SpanFromContext(r.Context())
		if operation := r.Header.Get(headerOperation); operation != "" {
			span.SetAttributes(semconv.HTTPRequestHeader("x-operation-name", operation))
		}
		// A request without a seed is not from here; any seed will do.
		seed, _ := strconv.ParseUint(r.Header.Get(headerSeed), 16, 64)
		if err := e.steps.run(r.Context(), newExec(in, seed)); err != nil {
			span.RecordError(err)
			w.WriteHeader(asFailure(err).status)
		}
	})
}

// stop closes the server: gracefully until ctx is done, then by force.
func (in *instance) stop(ctx context.Context) error {
	if in.server == nil {
		return nil
	}
	err := in.server.Shutdown(ctx)
	if err != nil {
		err = fmt.Errorf("stop %s: %w", in.service.name, errors.Join(err, in.server.Close()))
	}
	<-in.served
	return err
}

// flush exports all spans, or gives them up when ctx is done.
func (in *instance) flush(ctx context.Context) error {
	if err := in.telemetry.shutdown(ctx); err != nil {
		return fmt.Errorf("flush spans of %s: %w", in.service.name, err)
	}
	return nil
}

// exec is one run of steps: where, and with which luck. Not safe for concurrent use; split it.
type exec struct {
	at  *instance
	rng *rand.Rand
}

func newExec(at *instance, seed uint64) *exec { return &exec{at: at, rng: newRand(seed)} }

// split returns an exec whose luck depends on this one's past only, so that order of execution does not matter afterwards.
func (x *exec) split() *exec { return newExec(x.at, x.rng.Uint64()) }

func newRand(seed uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, seed)) // PCG mixes: neighbouring seeds need not be spread by hand
}
