package flow_test

import (
	"context"
	"maps"
	"strings"
	"testing"

	"github.com/flowscope/flowscope/flow"
)

// foreign is another API that carries a *flow.Op or a flow.SpanContext.
type foreign struct{ asked int }

type foreignKey struct{}

func (f *foreign) Value(op *flow.Op, key any) any {
	if key != (foreignKey{}) {
		return nil
	}
	f.asked++
	return op
}

func (f *foreign) Above(ctx context.Context) (*flow.Op, flow.SpanContext) {
	switch v := ctx.Value(foreignKey{}).(type) {
	case *flow.Op:
		return v, flow.SpanContext{}
	case flow.SpanContext:
		return nil, v
	default:
		return nil, flow.SpanContext{}
	}
}

func TestABridgeSeesTheRunningOperation(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	bridge := &foreign{}
	if tracker.Connect(bridge) != flow.Bridge(bridge) || tracker.Connect(&foreign{}) != flow.Bridge(bridge) {
		t.Fatal("the tracker has another bridge than the first")
	}
	type other struct{}
	ctx, root := tracker.Start(context.WithValue(t.Context(), other{}, "kept"), "root")
	inner, op := flow.Start(ctx, "inner")
	if inner.Value(foreignKey{}) != any(op) || ctx.Value(foreignKey{}) != any(root) {
		t.Error("the other API does not see the innermost operation")
	}
	if handed := flow.With(t.Context(), root); handed.Value(foreignKey{}) != any(root) || flow.From(handed) != root {
		t.Error("the other API does not see an operation that was handed over")
	}
	if inner.Value(other{}) != "kept" {
		t.Error("a value of the context around is lost")
	}
}

func TestOperationsBeginBelowWhatTheOtherAPICarries(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	tracker.Connect(&foreign{})
	ctx, root := tracker.Start(t.Context(), "root")
	_, op := tracker.Start(ctx, "op")

	detached := context.WithValue(ctx, foreignKey{}, op)
	for name, start := range map[string]func(context.Context, string, ...flow.Attr) (context.Context, *flow.Op){
		"the tracker's": tracker.Start, "the package's": flow.Start,
	} {
		_, below := start(detached, name)
		below.End()
	}
	caller := flow.SpanContext{TraceID: flow.TraceID{1}, SpanID: flow.SpanID{2}, Sampled: true}
	_, remote := tracker.Start(context.WithValue(ctx, foreignKey{}, caller), "answer")
	if remote.TraceID() != caller.TraceID {
		t.Errorf("the caller's trace goes on as %v", remote.TraceID())
	}
	remote.End()
	op.End()
	root.End()

	for _, f := range tracker.Flows(0) {
		for _, s := range f.Spans {
			switch s.Name {
			case "the tracker's", "the package's":
				if s.ParentID != op.SpanID() {
					t.Errorf("%s operation is below %v, not %v", s.Name, s.ParentID, op.SpanID())
				}
			case "answer":
				if s.ParentID != caller.SpanID || s.Kind != flow.Server {
					t.Errorf("the answer is below %v, of kind %v", s.ParentID, s.Kind)
				}
			}
		}
	}
}

func TestTwoMiddlewaresThatReadOneCallerAreOneFlow(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	tracker.Connect(&foreign{})
	caller := flow.SpanContext{TraceID: flow.TraceID{1}, SpanID: flow.SpanID{2}}
	ctx, outer := tracker.StartSpec(t.Context(), flow.Spec{Name: "outer", Parent: caller})
	_, inner := tracker.Start(context.WithValue(ctx, foreignKey{}, caller), "inner")
	inner.End()
	outer.End()
	flows := tracker.Flows(0)
	if len(flows) != 1 || len(flows[0].Spans) != 2 || flows[0].Spans[1].ParentID != outer.SpanID() {
		t.Errorf("they are recorded as %+v", flows)
	}
}

func TestAFlowOfAnotherAPIKeepsWhatThatDecided(t *testing.T) {
	t.Parallel()
	self := flow.SpanContext{TraceID: flow.TraceID{1}, SpanID: flow.SpanID{2}, State: "a=b"}
	for i, parent := range []flow.SpanContext{{}, {TraceID: self.TraceID, SpanID: flow.SpanID{3}, State: "c=d"}} {
		self.Sampled = i == 0
		ctx, root := flow.New().StartSpec(t.Context(), flow.Spec{Name: "root", New: true, Parent: parent, Self: self})
		if got := root.SpanContext(); got != self {
			t.Errorf("it is handed on as %+v, not %+v", got, self)
		}
		_, op := flow.Start(ctx, "op")
		if got := op.SpanContext(); got.Sampled != self.Sampled || got.State != self.State {
			t.Errorf("an operation below is handed on as %+v", got)
		}
	}
}

func TestStatusIsRaised(t *testing.T) {
	t.Parallel()
	type set struct {
		status  flow.Status
		message string
	}
	for name, c := range map[string]struct {
		sets []set
		want set
	}{
		"unset is nothing":          {[]set{{flow.Unset, "what"}}, set{flow.Unset, ""}},
		"the last failure counts":   {[]set{{flow.Failed, "a"}, {flow.Failed, "b"}}, set{flow.Failed, "b"}},
		"a failure is not unset":    {[]set{{flow.Failed, "a"}, {flow.Unset, ""}}, set{flow.Failed, "a"}},
		"ok takes a failure back":   {[]set{{flow.Failed, "a"}, {flow.OK, "fine"}}, set{flow.OK, ""}},
		"ok is final":               {[]set{{flow.OK, ""}, {flow.Failed, "a"}}, set{flow.OK, ""}},
		"a failure without reasons": {[]set{{flow.Failed, "a"}, {flow.Failed, ""}}, set{flow.Failed, ""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tracker := flow.New()
			_, op := tracker.Start(t.Context(), "op")
			for _, s := range c.sets {
				op.RaiseStatus(s.status, s.message)
			}
			op.End()
			op.RaiseStatus(flow.Failed, "too late")
			if s := tracker.Flows(1)[0].Spans[0]; s.Status != c.want.status || s.Message != c.want.message {
				t.Errorf("the status is %v %q", s.Status, s.Message)
			}
		})
	}
}

func TestAllBaggageIsYielded(t *testing.T) {
	t.Parallel()
	ctx := flow.WithBaggage(flow.WithBaggage(t.Context(), "a", "1"), "b", "2")
	if got := maps.Collect(flow.AllBaggage(ctx)); !maps.Equal(got, map[string]string{"a": "1", "b": "2"}) {
		t.Errorf("the baggage is %v", got)
	}
	if got := maps.Collect(flow.AllBaggage(t.Context())); len(got) != 0 {
		t.Errorf("there is baggage where none is: %v", got)
	}
	for range flow.AllBaggage(ctx) {
		break
	}
}

func TestAttributesOfLinksAreBounded(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	_, op := tracker.Start(t.Context(), "op")
	to := flow.SpanContext{TraceID: flow.TraceID{1}, SpanID: flow.SpanID{2}, State: "a=b"}
	text := flow.String("text", strings.Repeat("x", 16<<10))
	for range 100 { // 1.6 MiB, where a flow may take 512 KiB
		op.Link(to, text)
	}
	op.End()
	flows := tracker.Flows(1)
	if len(flows) != 1 || len(flows[0].Spans[0].Links) != 31 {
		t.Fatalf("%d flows are kept, of %d bytes", len(flows), tracker.Totals().HistoryBytes)
	}
}
