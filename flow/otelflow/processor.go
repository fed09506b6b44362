package otelflow

import (
	"context"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/flowscope/flowscope/flow"
)

// SpanProcessor mirrors the spans of an SDK into a tracker.
//
// A span is an operation from its start on, under the SDK's own trace and span
// ids: flows that run can be seen. Attributes and links it was given at its
// start are there at once; what it gets later, its events and its status come
// when it ends. flow.Start below such a span is its child, and a span of the SDK
// below flow.Start is the operation's.
//
// It sees what the SDK records. A span that the SDK's sampler drops is neither
// counted nor shown; RecordAll lets all be. A span that begins after its parent has
// ended is a flow of the same trace by itself.
//
// A span that is never ended is held until so many others run that it is the
// oldest of too many; then its operation ends as a failure, with the attribute
// flow.abandoned, and is counted by Abandoned.
type SpanProcessor struct {
	bridge    *bridge
	tracker   *flow.Tracker
	limit     int
	abandoned atomic.Int64

	mu             sync.Mutex
	open           map[spanID]*mirrored
	oldest, newest *mirrored
	closed         bool
}

var _ sdktrace.SpanProcessor = (*SpanProcessor)(nil)

// spanID is what names a span.
type spanID struct {
	trace trace.TraceID
	span  trace.SpanID
}

// mirrored is a span that runs.
type mirrored struct {
	id           spanID
	op           *flow.Op
	silent       bool                 // it is not recorded; op is the one above it
	attrs        []attribute.KeyValue // that the operation has already; the SDK does not change them any more
	links        int                  // likewise
	older, newer *mirrored
}

// defaultMaxSpans is more than run at once in a service that ends its spans.
const defaultMaxSpans = 10_000

// An Option changes how a SpanProcessor is made.
type Option interface{ apply(*SpanProcessor) }

type option func(*SpanProcessor)

func (o option) apply(p *SpanProcessor) { o(p) }

// WithMaxSpans bounds how many running spans are mirrored. The default is 10,000.
func WithMaxSpans(n int) Option { return option(func(p *SpanProcessor) { p.limit = max(n, 1) }) }

// NewSpanProcessor returns a processor that mirrors spans into a tracker. A tracker
// has one.
func NewSpanProcessor(t *flow.Tracker, options ...Option) *SpanProcessor {
	p := &SpanProcessor{bridge: connect(t), tracker: t, limit: defaultMaxSpans, open: map[spanID]*mirrored{}}
	for _, o := range options {
		o.apply(p)
	}
	p.bridge.mirror.CompareAndSwap(nil, p)
	return p
}

// OnStart begins the operation.
func (p *SpanProcessor) OnStart(ctx context.Context, s sdktrace.ReadWriteSpan) {
	if !p.tracker.Enabled() {
		return
	}
	sc := s.SpanContext()
	m := &mirrored{id: spanID{sc.TraceID(), sc.SpanID()}, attrs: s.Attributes()}
	parent, around := s.Parent(), ctx
	if !parent.IsValid() || parent.IsRemote() {
		around = withBaggage(ctx, trace.SpanKindServer)
	}
	_, m.op = p.tracker.StartSpec(around, flow.Spec{
		Name: s.Name(), Kind: flow.Kind(s.SpanKind()), Attrs: appendAttrs(nil, m.attrs), At: s.StartTime(),
		New: !parent.IsValid(), Self: contextOf(sc),
	})
	if m.op == nil { // its flow is dropped
		if m.op, _ = p.bridge.Above(ctx); m.op == nil {
			return
		}
		m.silent = true
	} else {
		m.links = addLinks(m.op, s.Links())
	}
	for _, lost := range p.add(m) {
		p.abandon(lost)
	}
}

// OnEnd ends the operation.
func (p *SpanProcessor) OnEnd(s sdktrace.ReadOnlySpan) {
	sc := s.SpanContext()
	m := p.take(spanID{sc.TraceID(), sc.SpanID()})
	if m == nil || m.silent {
		return
	}
	m.op.SetName(s.Name())
	attrs := s.Attributes()
	for i := range attrs {
		if i < len(m.attrs) && same(&attrs[i], &m.attrs[i]) {
			continue
		}
		if a, ok := attrOf(&attrs[i]); ok {
			m.op.Set(a)
		}
	}
	for _, e := range s.Events() {
		m.op.EventAt(e.Time, e.Name, appendAttrs(nil, e.Attributes)...)
	}
	if links := s.Links(); len(links) > m.links {
		addLinks(m.op, links[m.links:])
	}
	status := s.Status()
	m.op.RaiseStatus(statusOf(status.Code), status.Description)
	m.op.EndAt(s.EndTime())
}

// ForceFlush does nothing: nothing waits.
func (p *SpanProcessor) ForceFlush(context.Context) error { return nil }

// Shutdown abandons what runs. The tracker goes on; it is whoever made it that
// shuts it down.
func (p *SpanProcessor) Shutdown(context.Context) error {
	p.bridge.mirror.CompareAndSwap(p, nil)
	p.mu.Lock()
	left := p.oldest
	p.closed, p.oldest, p.newest = true, nil, nil
	clear(p.open)
	p.mu.Unlock()
	for ; left != nil; left = left.newer {
		p.abandon(left)
	}
	return nil
}

// Abandoned is how many spans were given up before they ended.
func (p *SpanProcessor) Abandoned() int64 { return p.abandoned.Load() }

func (p *SpanProcessor) abandon(m *mirrored) {
	p.abandoned.Add(1)
	if m.silent {
		return
	}
	m.op.Set(flow.Bool("flow.abandoned", true))
	m.op.RaiseStatus(flow.Failed, "the span was never ended")
	m.op.End()
}

// running is the operation of a span that runs, or nil.
func (p *SpanProcessor) running(sc trace.SpanContext) *flow.Op {
	p.mu.Lock()
	defer p.mu.Unlock()
	if m := p.open[spanID{sc.TraceID(), sc.SpanID()}]; m != nil {
		return m.op
	}
	return nil
}

// add adds a span that runs and returns those there is no room for any more.
func (p *SpanProcessor) add(m *mirrored) (lost []*mirrored) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return []*mirrored{m}
	}
	for len(p.open) >= p.limit {
		lost = append(lost, p.removeLocked(p.oldest))
	}
	if old := p.open[m.id]; old != nil { // an id generator that repeats itself
		lost = append(lost, p.removeLocked(old))
	}
	p.open[m.id] = m
	m.older = p.newest
	if p.newest != nil {
		p.newest.newer = m
	} else {
		p.oldest = m
	}
	p.newest = m
	return lost
}

// take removes a span that has ended. It returns nil for one it does not know.
func (p *SpanProcessor) take(id spanID) *mirrored {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.open[id]
	if m == nil {
		return nil
	}
	return p.removeLocked(m)
}

func (p *SpanProcessor) removeLocked(m *mirrored) *mirrored {
	delete(p.open, m.id)
	if m.older != nil {
		m.older.newer = m.newer
	} else {
		p.oldest = m.newer
	}
	if m.newer != nil {
		m.newer.older = m.older
	} else {
		p.newest = m.older
	}
	m.older, m.newer = nil, nil
	return m
}

// addLinks adds links to an operation and returns how many there are.
func addLinks(op *flow.Op, links []sdktrace.Link) int {
	for _, l := range links {
		op.Link(contextOf(l.SpanContext), appendAttrs(nil, l.Attributes)...)
	}
	return len(links)
}

// same reports whether two attributes are surely equal. Slices and maps are
// seldom enough not to be compared.
func same(a, b *attribute.KeyValue) bool {
	switch a.Value.Type() {
	case attribute.BOOL, attribute.INT64, attribute.FLOAT64, attribute.STRING:
		return *a == *b
	default:
		return false
	}
}
