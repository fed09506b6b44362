package load

import (
	"fmt"
	"math/rand/v2"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
)

// call is one span of an operation's shape.
type call struct {
	service string
	name    string
	kind    tracepb.Span_SpanKind
	parent  int // index of the call above, -1 for the root
	start   time.Duration
	took    time.Duration
}

const (
	server   = tracepb.Span_SPAN_KIND_SERVER
	client   = tracepb.Span_SPAN_KIND_CLIENT
	producer = tracepb.Span_SPAN_KIND_PRODUCER
	consumer = tracepb.Span_SPAN_KIND_CONSUMER
)

const ms = time.Millisecond

// shop is what the load consists of: the traces of a web shop, by operation.
func shop() [][]call {
	return [][]call{{
		{"frontend", "POST /checkout", server, -1, 0, 180 * ms},
		{"frontend", "POST", client, 0, 2 * ms, 60 * ms},
		{"cart", "POST /cart/{id}/close", server, 1, 3 * ms, 57 * ms},
		{"cart", "HGETALL", client, 2, 5 * ms, 4 * ms},
		{"frontend", "POST", client, 0, 65 * ms, 100 * ms},
		{"payment", "POST /charges", server, 4, 66 * ms, 97 * ms},
		{"payment", "INSERT charges", client, 5, 70 * ms, 21 * ms},
		{"payment", "publish orders", producer, 5, 95 * ms, 3 * ms},
		{"warehouse", "process orders", consumer, 7, 110 * ms, 60 * ms},
	}, {
		{"frontend", "GET /products/{id}", server, -1, 0, 45 * ms},
		{"frontend", "GET", client, 0, ms, 30 * ms},
		{"catalog", "GET /products/{id}", server, 1, 2 * ms, 27 * ms},
		{"catalog", "SELECT products", client, 2, 4 * ms, 11 * ms},
	}, {
		{"frontend", "POST /login", server, -1, 0, 90 * ms},
		{"frontend", "POST", client, 0, ms, 80 * ms},
		{"accounts", "POST /sessions", server, 1, 2 * ms, 76 * ms},
		{"accounts", "SELECT users", client, 2, 5 * ms, 9 * ms},
		{"accounts", "SETEX", client, 2, 20 * ms, 2 * ms},
	}, {
		{"frontend", "GET /healthz", server, -1, 0, ms},
	}}
}

// sessionPlaceholder stands where each request writes a session id of its own:
// the one attribute in nine whose values hardly repeat.
const sessionPlaceholder = "0123456789abcdef"

// couponEvery is how rare a coupon is among spans: the store gives a column to
// what one span in 200 has.
const couponEvery = 400

// attributes are the nine of a span, by its kind, with values as varied as
// those of a shop.
func (c call) attributes(r *rand.Rand, failed bool) []*commonpb.KeyValue {
	instance := fmt.Sprintf("10.42.%d.%d", r.IntN(4), r.IntN(64))
	common := []*commonpb.KeyValue{
		text("session.id", sessionPlaceholder),
		number("thread.id", int64(r.IntN(64))),
		text("peer.address", instance),
	}
	status := int64(200)
	if failed {
		status = 503
	}
	switch {
	case c.kind == server, c.kind == client && len(c.name) <= len("POST"):
		return append(common,
			text("http.request.method", "GET"), number("http.response.status_code", status),
			text("url.path", fmt.Sprintf("/products/%d", r.IntN(5000))), text("url.scheme", "http"),
			text("http.route", "/products/{id}"), number("server.port", 8080))
	case c.kind == client:
		return append(common,
			text("db.system.name", "postgresql"), text("db.namespace", "shop"), text("db.operation.name", "SELECT"),
			text("db.query.text", "SELECT name FROM items WHERE id=$1"), number("db.response.rows", int64(r.IntN(50))),
			number("server.port", 5432))
	default:
		return append(common,
			text("messaging.system", "kafka"), text("messaging.destination.name", "orders"), text("messaging.operation.type", "send"),
			number("messaging.kafka.offset", r.Int64N(1e9)), text("messaging.client.id", "orders-"+instance),
			number("messaging.message.body.size", int64(r.IntN(4000))))
	}
}

// resource says which service emitted spans.
func resource(service string) []*commonpb.KeyValue {
	return []*commonpb.KeyValue{
		text("service.name", service), text("service.namespace", "shop"), text("service.version", "1.14.2"),
		text("service.instance.id", service+"-7c9d6b5f4-x2x9k"), text("k8s.pod.name", service+"-7c9d6b5f4-x2x9k"),
		text("k8s.node.name", "node-3"), text("deployment.environment.name", "load"),
		text("telemetry.sdk.language", "go"), text("telemetry.sdk.name", "opentelemetry"), text("telemetry.sdk.version", "1.47.0"),
	}
}

func text(key, value string) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: value}}}
}

func number(key string, value int64) *commonpb.KeyValue {
	return &commonpb.KeyValue{Key: key, Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_IntValue{IntValue: value}}}
}
