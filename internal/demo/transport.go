package demo

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/propagation"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

func propagator() propagation.TextMapPropagator {
	return propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})
}

// otelOptions is how all HTTP instrumentation here is set up: no process-wide state, so that the demo can live in the server's process.
func otelOptions(tp trace.TracerProvider) []otelhttp.Option {
	return []otelhttp.Option{
		otelhttp.WithTracerProvider(tp),
		otelhttp.WithMeterProvider(noop.NewMeterProvider()),
		otelhttp.WithPropagators(propagator()),
	}
}

// attempt is what the transport needs to know about one try of a call beyond the request itself.
type attempt struct {
	service string // its name, for people
	addr    string // the instance to talk to
	route   string // "GET /products/{id}"
	path    string // of the route
	resend  int    // 0 for the first try
	guarded bool   // goes through the circuit breaker
}

type attemptKey struct{}

func withAttempt(ctx context.Context, a attempt) context.Context {
	return context.WithValue(ctx, attemptKey{}, a)
}

// transport is what an instance sends requests with. It sits below otelhttp, inside the client span, where a service mesh or
// a resilience library would: it names the peer, asks the circuit breaker and picks the instance's address for a host name.
type transport struct {
	clock clock
	base  *http.Transport

	mu       sync.Mutex
	breakers map[string]*breaker // by service
}

func newTransport(c clock) *transport {
	return &transport{
		clock:    c,
		breakers: map[string]*breaker{},
		base: &http.Transport{
			// All flows in flight may meet in one service; more idle connections than this are not worth their memory.
			MaxIdleConnsPerHost: 64,
			IdleConnTimeout:     30 * time.Second,
			DisableCompression:  true,
		},
	}
}

// client is the instrumented way in.
func (t *transport) client(tp trace.TracerProvider) *http.Client {
	name := func(_ string, r *http.Request) string {
		a, _ := r.Context().Value(attemptKey{}).(attempt)
		return a.route
	}
	options := append(otelOptions(tp), otelhttp.WithSpanNameFormatter(name))
	return &http.Client{Transport: otelhttp.NewTransport(t, options...)}
}

// RoundTrip implements http.RoundTripper for requests whose context carries an attempt.
func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	a, ok := r.Context().Value(attemptKey{}).(attempt)
	if !ok {
		return nil, errors.New("request without an attempt in its context")
	}
	span := trace.SpanFromContext(r.Context())
	span.SetAttributes(attribute.String("peer.service", a.service), semconv.URLTemplate(a.path))
	if a.resend > 0 {
		span.SetAttributes(semconv.HTTPRequestResendCount(a.resend))
	}
	if !a.guarded {
		return t.send(r, a.addr)
	}
	b := t.breaker(a.service)
	if !b.allow() {
		return nil, circuitOpenError{}
	}
	resp, err := t.send(r, a.addr)
	if !errors.Is(err, context.Canceled) { // our own caller hung up: says nothing about the peer
		b.report(err == nil && resp.StatusCode < http.StatusInternalServerError)
	}
	return resp, err
}

// send lets the request keep its host name, as behind a cluster's DNS, and connects to addr.
func (t *transport) send(r *http.Request, addr string) (*http.Response, error) {
	r = r.WithContext(r.Context()) // a round tripper must not change its caller's request
	url := *r.URL
	if r.Host == "" {
		r.Host = url.Host
	}
	url.Host = addr
	r.URL = &url
	return t.base.RoundTrip(r)
}

func (t *transport) breaker(service string) *breaker {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.breakers[service]
	if b == nil {
		b = &breaker{clock: t.clock}
		t.breakers[service] = b
	}
	return b
}
