package otelflow_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/flowscope/flowscope/flow"
	"github.com/flowscope/flowscope/flow/otelflow"
)

// A fact is all that both recorders say of a span, as text, so that it can be
// compared and read.
type fact struct {
	parent, name, kind, start, end, status string
	attrs                                  map[string]string
	events                                 []string
	links                                  []string
	ids                                    string // trace and span
}

func (f fact) String() string {
	return fmt.Sprintf("%q %s below %q, %s to %s, %s\n  %v\n  events %q\n  links %q", f.name, f.kind, f.parent, f.start, f.end, f.status, f.attrs, f.events, f.links)
}

// idKey is the attribute by which a span of a program is known, and its text.
const idKey = "id"

// flowFacts are the facts of everything that a tracker keeps.
func flowFacts(t *flow.Tracker) map[string]fact {
	spans, names := map[string]flow.Span{}, map[flow.SpanID]string{}
	traces := map[string]flow.TraceID{}
	for _, f := range t.Flows(0) {
		for _, s := range f.Spans {
			id := textOf(s.Attrs, idKey)
			spans[id], traces[id], names[s.SpanID] = s, f.TraceID, id
		}
	}
	out := map[string]fact{}
	for id, s := range spans {
		f := fact{
			parent: names[s.ParentID], name: s.Name, kind: trace.SpanKind(s.Kind).String(), ids: traces[id].String() + s.SpanID.String(),
			start: clockText(s.Start), end: clockText(s.End()), status: fmt.Sprint(s.Status, s.Message), attrs: map[string]string{},
		}
		if f.parent == "" && !s.ParentID.IsZero() {
			f.parent = s.ParentID.String()
		}
		for _, a := range s.Attrs {
			f.attrs[a.Key()] = fmt.Sprintf("%T %s", a.Value(), a.Text())
		}
		for _, e := range s.Events {
			line := clockText(e.Time) + e.Name
			for _, a := range e.Attrs {
				if a.Key() != "exception.stacktrace" {
					line += fmt.Sprintf(" %s=%T %s", a.Key(), a.Value(), a.Text())
				} else {
					line += " stack"
				}
			}
			f.events = append(f.events, line)
		}
		for _, l := range s.Links {
			f.links = append(f.links, l.TraceID.String()+l.SpanID.String())
		}
		out[id] = f
	}
	return out
}

func textOf(attrs []flow.Attr, key string) string {
	for _, a := range attrs {
		if a.Key() == key {
			return a.Text()
		}
	}
	return ""
}

func clockText(t time.Time) string { return fmt.Sprint(t.Sub(epoch), " ") }

// sdkFacts are the facts of everything that the SDK has exported.
func sdkFacts(stubs tracetest.SpanStubs) map[string]fact {
	names := map[trace.SpanID]string{}
	for _, s := range stubs {
		names[s.SpanContext.SpanID()] = sdkText(s.Attributes, idKey)
	}
	statuses := map[codes.Code]flow.Status{codes.Unset: flow.Unset, codes.Ok: flow.OK, codes.Error: flow.Failed}
	out := map[string]fact{}
	for _, s := range stubs {
		f := fact{
			parent: names[s.Parent.SpanID()], name: s.Name, kind: s.SpanKind.String(),
			ids:   s.SpanContext.TraceID().String() + s.SpanContext.SpanID().String(),
			start: clockText(s.StartTime), end: clockText(s.EndTime), status: fmt.Sprint(statuses[s.Status.Code], s.Status.Description),
			attrs: map[string]string{},
		}
		if f.parent == "" && s.Parent.IsValid() {
			f.parent = s.Parent.SpanID().String()
		}
		for _, a := range s.Attributes {
			if a.Value.Type() != attribute.EMPTY {
				f.attrs[string(a.Key)] = sdkValue(a.Value)
			}
		}
		for _, e := range s.Events {
			line := clockText(e.Time) + e.Name
			for _, a := range e.Attributes {
				switch {
				case a.Key == "exception.stacktrace":
					line += " stack"
				case a.Key != "" && a.Value.Type() != attribute.EMPTY: // the SDK keeps those of events
					line += fmt.Sprintf(" %s=%s", a.Key, sdkValue(a.Value))
				}
			}
			f.events = append(f.events, line)
		}
		for _, l := range s.Links {
			f.links = append(f.links, l.SpanContext.TraceID().String()+l.SpanContext.SpanID().String())
		}
		out[sdkText(s.Attributes, idKey)] = f
	}
	return out
}

func sdkText(attrs []attribute.KeyValue, key attribute.Key) string {
	for _, a := range attrs {
		if a.Key == key {
			return a.Value.AsString()
		}
	}
	return ""
}

func sdkValue(v attribute.Value) string {
	switch v.Type() {
	case attribute.BOOL, attribute.INT64, attribute.STRING:
		return fmt.Sprintf("%T %s", v.AsInterface(), v.String())
	case attribute.FLOAT64: // flow writes +Inf where OpenTelemetry writes Infinity
		return "float64 " + flow.Float64("", v.AsFloat64()).Text()
	default:
		return "string " + v.String()
	}
}

// epoch is when programs run.
//
//nolint:gochecknoglobals // a constant
var epoch = time.Unix(1_700_000_000, 0)

// program is a random use of the tracing API. It is the same for the same seed,
// whoever records it.
type program struct {
	r       *rand.Rand
	now     time.Time
	remotes int
	spans   []trace.Span
	ctxs    []context.Context
	first   map[trace.Span]bool // of a flow; they end last, what begins later has little room
}

func run(tracer trace.Tracer, seed uint64) {
	p := &program{r: rand.New(rand.NewPCG(seed, 1)), now: epoch, first: map[trace.Span]bool{}}
	for range 20 + p.r.IntN(80) {
		p.now = p.now.Add(time.Duration(1+p.r.IntN(1000)) * time.Microsecond)
		if len(p.spans) == 0 || p.r.IntN(4) == 0 {
			p.start(tracer)
			continue
		}
		p.use(p.spans[p.r.IntN(len(p.spans))])
	}
	for _, i := range p.r.Perm(len(p.spans)) {
		p.now = p.now.Add(time.Millisecond)
		p.spans[i].End(trace.WithTimestamp(p.now))
	}
}

func (p *program) start(tracer trace.Tracer) {
	ctx := context.Background()
	if len(p.ctxs) > 0 && p.r.IntN(8) > 0 {
		ctx = p.ctxs[p.r.IntN(len(p.ctxs))]
	}
	if p.r.IntN(8) == 0 {
		ctx = trace.ContextWithRemoteSpanContext(ctx, p.remote())
	}
	if p.r.IntN(8) == 0 { // a detached one
		ctx = trace.ContextWithSpan(context.Background(), trace.SpanFromContext(ctx))
	}
	attrs := append(p.attrs(), attribute.String(idKey, fmt.Sprint(len(p.spans))))
	options := []trace.SpanStartOption{
		trace.WithTimestamp(p.now), trace.WithSpanKind(trace.SpanKind(p.r.IntN(6))), trace.WithAttributes(attrs...),
	}
	above := trace.SpanContextFromContext(ctx)
	first := !above.IsValid() || above.IsRemote()
	if p.r.IntN(12) == 0 {
		first = true
		options = append(options, trace.WithNewRoot())
	}
	if p.r.IntN(4) == 0 {
		options = append(options, trace.WithLinks(trace.Link{SpanContext: p.remote(), Attributes: p.attrs()}))
	}
	ctx, s := tracer.Start(ctx, fmt.Sprint("name", p.r.IntN(5)), options...)
	p.first[s] = first
	p.spans, p.ctxs = append(p.spans, s), append(p.ctxs, ctx)
}

func (p *program) use(s trace.Span) {
	at := trace.WithTimestamp(p.now)
	switch p.r.IntN(8) {
	case 0:
		s.SetName(fmt.Sprint("renamed", p.r.IntN(3)))
	case 1, 2:
		s.SetAttributes(p.attrs()...)
	case 3:
		s.AddEvent("event", at, trace.WithAttributes(p.attrs()...))
	case 4:
		s.RecordError(errors.New("broken"), at, trace.WithStackTrace(p.r.IntN(2) == 0))
	case 5:
		s.SetStatus(codes.Code(p.r.IntN(3)), fmt.Sprint("reason", p.r.IntN(3)))
	case 6:
		s.AddLink(trace.Link{SpanContext: p.remote()})
	default:
		if !p.first[s] {
			s.End(at)
		}
	}
}

// remote is another caller every time: two of one caller are one flow, not as in
// the SDK.
func (p *program) remote() trace.SpanContext {
	p.remotes++
	return trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1, byte(p.r.IntN(4)), 2}, SpanID: trace.SpanID{3, byte(p.remotes), 4}, TraceFlags: trace.FlagsSampled,
	})
}

func (p *program) attrs() []attribute.KeyValue {
	all := []attribute.KeyValue{
		attribute.Bool("bool", p.r.IntN(2) == 0), attribute.Int64("int", p.r.Int64()-math.MaxInt64/2),
		attribute.Float64("float", []float64{p.r.Float64(), math.Inf(1), 0}[p.r.IntN(3)]), attribute.String("text", fmt.Sprint("t", p.r.IntN(9))),
		attribute.BoolSlice("bools", []bool{true, false}), attribute.Int64Slice("ints", []int64{1, p.r.Int64()}),
		attribute.Float64Slice("floats", []float64{1.5, -2}), attribute.StringSlice("texts", []string{"a", `b"`}),
		attribute.ByteSlice("bytes", []byte{1, 2, 255}), attribute.Map("map", attribute.Int("x", 1)),
		attribute.Slice("slice", attribute.IntValue(1), attribute.StringValue("two")), {Key: "", Value: attribute.IntValue(1)}, {Key: "empty"},
	}
	p.r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:p.r.IntN(6)]
}

const programs = 300

func TestSpansAreWhatTheSDKMakesOfThem(t *testing.T) {
	t.Parallel()
	for seed := range uint64(programs) {
		memory := tracetest.NewInMemoryExporter()
		run(sdktrace.NewTracerProvider(sdktrace.WithSyncer(memory)).Tracer(""), seed)
		tracker := flow.New()
		run(otelflow.NewTracerProvider(tracker).Tracer(""), seed)
		compare(t, seed, flowFacts(tracker), sdkFacts(memory.GetSpans()), false)
	}
}

func TestSpansOfTheSDKAreMirrored(t *testing.T) {
	t.Parallel()
	for seed := range uint64(programs) {
		memory := tracetest.NewInMemoryExporter()
		tracker := flow.New()
		mirror := otelflow.NewSpanProcessor(tracker)
		run(sdktrace.NewTracerProvider(sdktrace.WithSyncer(memory), sdktrace.WithSpanProcessor(mirror)).Tracer(""), seed)
		compare(t, seed, flowFacts(tracker), sdkFacts(memory.GetSpans()), true)
		if a := tracker.Totals().Active; a != 0 || mirror.Abandoned() != 0 {
			t.Errorf("seed %d: %d flows run on, %d spans were given up", seed, a, mirror.Abandoned())
		}
	}
}

func compare(t *testing.T, seed uint64, got, want map[string]fact, ids bool) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("seed %d: %d spans, not %d", seed, len(got), len(want))
	}
	for id, w := range want {
		g := got[id]
		if !ids {
			w.ids = g.ids
		}
		if g.String() != w.String() || g.ids != w.ids {
			t.Fatalf("seed %d: span %s is\n%v\nnot\n%v", seed, id, g, w)
		}
	}
}
