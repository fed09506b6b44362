package analyzetest

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

// Plan says what to generate. The same plan generates the same.
type Plan struct {
	Seed       uint64
	Services   int   // at least 2
	Operations int   // at least 1
	Flows      int   // of all operations together
	Start      int64 // Unix ns: flows start from here on, a second apart
	FailEvery  int   // about one call in this many fails; 0 for none
}

// Truth is what generated spans add up to.
type Truth struct {
	Spans      []Span // flow after flow
	Total      Sums
	Operations map[string]*Sums
}

// Sums are flows added up.
type Sums struct {
	Flows    int64
	Failed   int64
	Duration []int64 // ns, one a flow
	Edges    map[model.Edge]*Counts
	Nodes    map[model.Node]*Counts
}

// Counts are calls, or requests, added up.
type Counts struct {
	Calls, Errors int64
	Latencies     []int64 // ns, one a call
}

// Quantile is the exact q-quantile of durations in ns, by nearest rank.
func Quantile(durations []int64, q float64) int64 {
	sorted := slices.Sorted(slices.Values(durations))
	return sorted[min(max(int(q*float64(len(sorted))+0.9999999)-1, 0), len(sorted)-1)]
}

// Generate makes flows over a random acyclic graph of services. Each operation
// is a fixed tree of calls, some to databases and queues; half of the services
// make client spans for their calls, the others do not, so that their calls
// have the callee's latency. Latencies are spread over three decades.
func Generate(p Plan) *Truth {
	g := generator{
		plan:  p,
		rng:   rand.New(rand.NewPCG(p.Seed, 0)),
		truth: &Truth{Total: newSums(), Operations: map[string]*Sums{}},
	}
	trees := make([]*step, p.Operations)
	for i := range trees {
		trees[i] = g.tree(0, 0)
		name := "operation-" + strconv.Itoa(i)
		sums := newSums()
		g.truth.Operations[name] = &sums
	}
	for i := range p.Flows {
		operation := i % len(trees)
		g.flow(i, "operation-"+strconv.Itoa(operation), trees[operation])
	}
	return g.truth
}

func newSums() Sums {
	return Sums{Edges: map[model.Edge]*Counts{}, Nodes: map[model.Node]*Counts{}}
}

// step is a call in an operation's tree.
type step struct {
	service int
	leaf    model.NodeKind // what is called when it is not a service
	calls   []*step
}

type generator struct {
	plan      Plan
	rng       *rand.Rand
	truth     *Truth
	trace     model.TraceID
	spans     uint64
	operation string
}

// tree makes the calls below a request to a service. Services only call those
// with a higher number.
func (g *generator) tree(service, depth int) *step {
	s := &step{service: service}
	if g.rng.IntN(3) > 0 {
		s.calls = append(s.calls, &step{service: service, leaf: []model.NodeKind{model.NodeDatabase, model.NodeQueue}[g.rng.IntN(2)]})
	}
	for range g.rng.IntN(4 - min(depth, 3)) {
		if left := g.plan.Services - service - 1; left > 0 {
			s.calls = append(s.calls, g.tree(service+1+g.rng.IntN(left), depth+1))
		}
	}
	if depth == 0 && len(s.calls) == 0 {
		s.calls = append(s.calls, g.tree(1, 1))
	}
	return s
}

func (g *generator) flow(number int, operation string, root *step) {
	binary.BigEndian.PutUint64(g.trace[:], g.plan.Seed)
	binary.BigEndian.PutUint64(g.trace[8:], uint64(number)+1)
	g.operation = operation
	start := g.plan.Start + int64(number)*int64(time.Second)
	end, failed := g.request(root, model.SpanID{}, start)
	for _, sums := range g.sums() {
		sums.Flows++
		sums.Failed += one(failed)
		sums.Duration = append(sums.Duration, end-start)
	}
}

func (g *generator) sums() []*Sums { return []*Sums{&g.truth.Total, g.truth.Operations[g.operation]} }

// request makes the server span of a service and everything below it.
func (g *generator) request(s *step, parent model.SpanID, start int64) (end int64, failed bool) {
	at := len(g.truth.Spans)
	span := g.span(s.service, parent, start, model.KindServer, "handle")
	if parent.IsZero() {
		span.Attrs = []Attr{{"flow.operation", g.operation}}
	}
	g.truth.Spans = append(g.truth.Spans, span)
	now := start + g.wait()
	for _, call := range s.calls {
		now = g.call(s, call, span.ID, now) + g.wait()
	}
	failed = g.fails()
	span.End = now
	if failed {
		span.Status = model.StatusError
	}
	g.truth.Spans[at] = span
	for _, sums := range g.sums() {
		count(sums.Nodes, node(s.service), now-start, failed)
	}
	return now, failed
}

// call makes a call of a service, with a client span if it is one that does.
func (g *generator) call(from, to *step, parent model.SpanID, start int64) (end int64) {
	switch {
	case to.leaf != model.NodeService:
		return g.leaf(from, to, parent, start)
	case from.service%2 == 1:
		end, failed := g.request(to, parent, start)
		g.countEdge(from, node(to.service), end-start, failed)
		return end
	}
	at := len(g.truth.Spans)
	client := g.span(from.service, parent, start, model.KindClient, "call")
	g.truth.Spans = append(g.truth.Spans, client)
	end, failed := g.request(to, client.ID, start+g.wait())
	end += g.wait()
	client.End = end
	if g.fails() { // the answer is lost
		client.Status, failed = model.StatusError, true
	}
	g.truth.Spans[at] = client
	g.countEdge(from, node(to.service), end-start, failed)
	return end
}

// leaf makes a call that nobody answers with a span.
func (g *generator) leaf(from, to *step, parent model.SpanID, start int64) int64 {
	span := g.span(from.service, parent, start, model.KindClient, "query")
	span.Attrs = []Attr{{"db.system.name", "postgresql"}, {"db.namespace", "db" + strconv.Itoa(from.service)}}
	n := model.Node{Kind: model.NodeDatabase, Name: "postgresql/db" + strconv.Itoa(from.service)}
	if to.leaf == model.NodeQueue {
		span.Kind, span.Name = model.KindProducer, "send"
		span.Attrs = []Attr{{"messaging.system", "kafka"}, {"messaging.destination.name", "topic"}}
		n = model.Node{Kind: model.NodeQueue, Name: "kafka/topic"}
	}
	span.End = start + g.wait()
	failed := g.fails()
	if failed {
		span.Status = model.StatusError
	}
	g.truth.Spans = append(g.truth.Spans, span)
	g.countEdge(from, n, span.End-start, failed)
	for _, sums := range g.sums() {
		count(sums.Nodes, n, span.End-start, failed)
	}
	return span.End
}

func (g *generator) span(service int, parent model.SpanID, start int64, kind model.Kind, name string) Span {
	g.spans++
	s := Span{
		TraceID: g.trace, Parent: parent, Name: name, Kind: kind, Start: start,
		Resource: Resource{Namespace: "generated", Service: node(service).Name, Host: "one", Environment: "test"},
	}
	// An odd factor makes all ids different, and none of them zero.
	binary.BigEndian.PutUint64(s.ID[:], g.spans*0x9e3779b97f4a7c15)
	return s
}

// wait is a time from 10 µs to 10 ms.
func (g *generator) wait() int64 {
	wait := int64(10_000)
	for range 3 {
		wait = wait * (10 + g.rng.Int64N(90)) / 10
	}
	return wait
}

func (g *generator) fails() bool { return g.plan.FailEvery > 0 && g.rng.IntN(g.plan.FailEvery) == 0 }

func (g *generator) countEdge(from *step, to model.Node, latency int64, failed bool) {
	for _, sums := range g.sums() {
		count(sums.Edges, model.Edge{From: node(from.service), To: to}, latency, failed)
	}
}

func count[K comparable](m map[K]*Counts, k K, latency int64, failed bool) {
	c := m[k]
	if c == nil {
		c = &Counts{}
		m[k] = c
	}
	c.Calls++
	c.Errors += one(failed)
	c.Latencies = append(c.Latencies, latency)
}

func node(service int) model.Node {
	return model.Node{Namespace: "generated", Name: fmt.Sprintf("service-%02d", service)}
}

func one(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
