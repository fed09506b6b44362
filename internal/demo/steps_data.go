package demo

import (
	"context"
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// store is a database or cache as its clients see it. There is no server: calls to it are client spans only.
type store struct {
	system string // a value of db.system.name
	name   string // db.namespace
	host   string
	port   int
}

// query runs one statement. summary, like "SELECT products", is the span's name.
func (s store) query(summary, text string, l latency) step {
	return queryStep{s, summary, text, l}
}

type queryStep struct {
	store         store
	summary, text string
	latency       latency
}

func (s queryStep) run(ctx context.Context, x *exec) error {
	return s.store.request(ctx, x, s.summary, s.text, s.latency)
}

// request is one round trip to the store within a client span.
func (s store) request(ctx context.Context, x *exec, summary, text string, l latency, more ...attribute.KeyValue) error {
	operation, collection, _ := strings.Cut(summary, " ")
	_, span := x.at.tracer.Start(ctx, summary, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		semconv.DBSystemNameKey.String(s.system),
		semconv.DBNamespace(s.name),
		semconv.DBOperationName(operation),
		semconv.DBCollectionName(collection),
		semconv.DBQuerySummary(summary),
		semconv.DBQueryText(text),
		semconv.ServerAddress(s.host),
		semconv.ServerPort(s.port),
	), trace.WithAttributes(more...))
	err := x.at.mesh.clock.sleep(ctx, l.draw(x.rng))
	endSpan(span, err)
	return err
}

// cached asks the cache for key first, and in all but a share of hits runs miss and stores what came of it.
func (s store) cached(key string, hits float64, miss ...step) step {
	return cacheStep{s, key, hits, miss}
}

type cacheStep struct {
	store store
	key   string
	hits  float64
	miss  steps
}

func (s cacheStep) run(ctx context.Context, x *exec) error {
	roundTrip := lat(0.9, 4)
	hit := x.rng.Float64() < s.hits
	if err := s.store.request(ctx, x, "GET "+s.key, "GET "+s.key+":?", roundTrip, attribute.Bool("cache.hit", hit)); err != nil || hit {
		return err
	}
	if err := s.miss.run(ctx, x); err != nil {
		return err
	}
	return s.store.request(ctx, x, "SET "+s.key, "SET "+s.key+":? ? EX 300", roundTrip)
}

// external is a call to a system outside the company that sends us no spans; route is like "POST /v1/charges".
func external(host, route string, l latency) step { return externalStep{host, route, l} }

type externalStep struct {
	host, route string
	latency     latency
}

func (s externalStep) run(ctx context.Context, x *exec) error {
	method, path, _ := strings.Cut(s.route, " ")
	_, span := x.at.tracer.Start(ctx, s.route, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		semconv.HTTPRequestMethodKey.String(method),
		semconv.URLFull("https://"+s.host+path),
		semconv.URLTemplate(path),
		semconv.ServerAddress(s.host),
		semconv.ServerPort(443),
	))
	err := x.at.mesh.clock.sleep(ctx, s.latency.draw(x.rng))
	if err == nil {
		span.SetAttributes(semconv.HTTPResponseStatusCode(http.StatusOK))
	}
	endSpan(span, err)
	return err
}
