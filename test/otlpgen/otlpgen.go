// Package otlpgen makes OTLP requests for tests and benchmarks, with the
// libraries of SDKs and the collector, so that what they show does not rest on
// our encoder.
//
// A span is like the ones HTTP instrumentation emits: random ids, a name and
// a service from small sets, nine attributes of which some repeat and some
// hardly ever do, about 350 bytes on the wire.
package otlpgen

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Request is Traces(spans, seed) as an SDK sends it, fields in the order of
// their numbers.
func Request(spans int, seed uint64) []byte {
	var request collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(CollectorRequest(spans, seed), &request); err != nil {
		panic(err) // what pdata made is OTLP
	}
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(&request)
	if err != nil {
		panic(err) // and can be written again
	}
	return body
}

// CollectorRequest is Traces(spans, seed) as a collector sends it, fields from
// the highest number to the lowest.
func CollectorRequest(spans int, seed uint64) []byte {
	body, err := ptraceotlp.NewExportRequestFromTraces(Traces(spans, seed)).MarshalProto()
	if err != nil {
		panic(err) // pdata cannot fail to marshal what it made
	}
	return body
}

// Traces makes that many spans in traces of eight, spread over four services.
// The same seed makes the same spans.
func Traces(spans int, seed uint64) ptrace.Traces {
	g := generator{Rand: rand.New(rand.NewPCG(seed, 0))}
	td := ptrace.NewTraces()
	var into []ptrace.SpanSlice
	for _, service := range services() {
		into = append(into, g.service(td.ResourceSpans().AppendEmpty(), service))
	}
	for i := range spans {
		g.span(into[i%len(into)].AppendEmpty(), i)
	}
	return td
}

func services() []string { return []string{"frontend", "cart", "checkout", "payment"} }

// generator makes spans; trace and parent are those of the span made last.
type generator struct {
	*rand.Rand
	trace  pcommon.TraceID
	parent pcommon.SpanID
}

func (g *generator) service(rs ptrace.ResourceSpans, name string) ptrace.SpanSlice {
	rs.SetSchemaUrl("https://opentelemetry.io/schemas/1.37.0")
	attrs := rs.Resource().Attributes()
	attrs.PutStr("service.name", name)
	attrs.PutStr("service.namespace", "shop")
	attrs.PutStr("service.version", "1.4.2")
	attrs.PutStr("service.instance.id", fmt.Sprintf("%s-%x", name, g.Uint32()))
	attrs.PutStr("k8s.pod.name", fmt.Sprintf("%s-7d9c-%x", name, g.Uint32()))
	attrs.PutStr("deployment.environment.name", "production")
	ss := rs.ScopeSpans().AppendEmpty()
	ss.Scope().SetName("go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp")
	ss.Scope().SetVersion("0.62.0")
	return ss.Spans()
}

func (g *generator) span(s ptrace.Span, i int) {
	const perTrace = 8
	if i%perTrace == 0 {
		binary.BigEndian.PutUint64(g.trace[:], g.Uint64())
		binary.BigEndian.PutUint64(g.trace[8:], g.Uint64())
		g.parent = pcommon.SpanID{}
	}
	s.SetTraceID(g.trace)
	s.SetParentSpanID(g.parent)
	binary.BigEndian.PutUint64(g.parent[:], g.Uint64())
	s.SetSpanID(g.parent)
	start := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC).Add(time.Duration(i)*time.Millisecond + time.Duration(g.IntN(1e6)))
	s.SetStartTimestamp(pcommon.NewTimestampFromTime(start))
	s.SetEndTimestamp(pcommon.NewTimestampFromTime(start.Add(time.Duration(1e6 + g.ExpFloat64()*2e7))))
	route := pick(g, "/cart", "/checkout", "/products", "/orders")
	method := pick(g, "GET", "GET", "GET", "POST")
	s.SetName(method + " " + route)
	s.SetKind(pick(g, ptrace.SpanKindServer, ptrace.SpanKindClient, ptrace.SpanKindInternal))
	s.SetFlags(0x101)
	status := int64(pick(g, 200, 200, 200, 200, 200, 204, 404, 500))
	if status == 500 {
		s.Status().SetCode(ptrace.StatusCodeError)
	}
	g.attributes(s.Attributes(), method, route, status)
}

func (g *generator) attributes(attrs pcommon.Map, method, route string, status int64) {
	attrs.PutStr("http.request.method", method)
	attrs.PutStr("url.path", fmt.Sprintf("%s/%d", route, g.IntN(10_000)))
	attrs.PutInt("http.response.status_code", status)
	attrs.PutStr("server.address", pick(g, "cart.shop.svc", "checkout.shop.svc", "payment.shop.svc"))
	attrs.PutInt("server.port", 8080)
	attrs.PutStr("network.protocol.version", "1.1")
	attrs.PutStr("user_agent.original", pick(g, "Go-http-client/1.1", "okhttp/4.12.0"))
	attrs.PutInt("thread.id", g.Int64N(64))
	attrs.PutStr("client.address", fmt.Sprintf("10.%d.%d.%d", g.IntN(4), g.IntN(256), g.IntN(256)))
}

func pick[T any](g *generator, of ...T) T { return of[g.IntN(len(of))] }
