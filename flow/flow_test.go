package flow_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowscope/flowscope/flow"
)

// pass lets time pass in a synctest bubble.
func pass(d time.Duration) { <-time.After(d) }

// outline is a trace as text: a line an operation, indented below its parent.
func outline(f flow.Trace) string {
	var out strings.Builder
	depth := map[flow.SpanID]int{}
	for _, s := range f.Spans {
		d, known := depth[s.ParentID]
		if known {
			d++
		}
		depth[s.SpanID] = d
		fmt.Fprintf(&out, "%s%s", strings.Repeat("  ", d), s.Name)
		if s.Duration > 0 {
			fmt.Fprintf(&out, " %v", s.Duration)
		}
		for _, a := range s.Attrs {
			fmt.Fprintf(&out, " %s=%s", a.Key(), a.Text())
		}
		if s.Status == flow.Failed {
			fmt.Fprintf(&out, " FAILED %s", s.Message)
		}
		for _, e := range s.Events {
			fmt.Fprintf(&out, " [%s +%v", e.Name, e.Time.Sub(s.Start))
			for _, a := range e.Attrs {
				fmt.Fprintf(&out, " %s=%s", a.Key(), a.Text())
			}
			out.WriteString("]")
		}
		out.WriteString("\n")
	}
	return out.String()
}

func TestFlowIsRecorded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tracker := flow.New()
		ctx, root := tracker.Start(t.Context(), "checkout", flow.String("tier", "gold"))
		pass(time.Millisecond)
		inner, load := flow.Start(ctx, "load cart", flow.Int("items", 3), flow.Bool("cached", false))
		_, query := flow.Start(inner, "SELECT", flow.Float64("share", .5), flow.String("db.system.name", "sqlite"))
		pass(2 * time.Millisecond)
		query.Event("row", flow.Duration("age", time.Second))
		query.End()
		load.Set(flow.Int("items", 4), flow.String("currency", "EUR"))
		load.End()
		_, pay := flow.Start(ctx, "pay")
		pass(time.Millisecond)
		pay.Fail(errors.New("card declined"))
		pay.End()
		pay.End()
		pay.Set(flow.String("too", "late"))
		root.SetName("POST /checkout")
		root.End()

		flows := tracker.Flows(0)
		if len(flows) != 1 {
			t.Fatalf("%d flows are kept", len(flows))
		}
		want := `POST /checkout 4ms tier=gold
  load cart 2ms cached=false items=4 currency=EUR
    SELECT 2ms share=0.5 db.system.name=sqlite [row +2ms age=1000000000]
  pay 1ms FAILED card declined [exception +1ms exception.type=*errors.errorString exception.message=card declined]
`
		if got := outline(flows[0]); got != want {
			t.Errorf("the flow is\n%swant\n%s", got, want)
		}
		if id := root.TraceID(); flows[0].TraceID != id || id.IsZero() {
			t.Errorf("the flow's id is %v, not %v", flows[0].TraceID, id)
		}
	})
}

func TestStatisticsAreExactWhateverIsKept(t *testing.T) {
	t.Parallel()
	for name, decision := range map[string]flow.Decision{"kept": flow.Keep, "measured": flow.Measure} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				tracker := flow.New(flow.WithSampler(decide(decision)), flow.WithHistory(10, 1<<20))
				for i := range 200 {
					ctx, root := tracker.Start(t.Context(), "get")
					_, op := flow.Start(ctx, "query")
					pass(time.Duration(i+1) * time.Millisecond)
					if i%10 == 0 {
						op.Fail(errors.New("no rows"))
					}
					op.End()
					root.End()
				}
				kept := tracker.Flows(0)
				if len(kept) != 10 || decision == flow.Measure && kept[0].Spans[1].Status != flow.Failed {
					t.Errorf("%d flows are kept", len(kept))
				}
				stats := tracker.Stats()
				if len(stats) != 2 {
					t.Fatalf("%d statistics", len(stats))
				}
				query := stats[1]
				if !slices.Equal(query.Path, []string{"get", "query"}) || query.Calls != 200 || query.Errors != 20 ||
					query.Latency.Sum() != 20100*time.Millisecond || query.Latency.Max() != 200*time.Millisecond {
					t.Errorf("the query's statistics are %+v", query)
				}
				if p50 := query.Latency.Quantile(.5); p50 < 99*time.Millisecond || p50 > 101*time.Millisecond {
					t.Errorf("p50 is %v", p50)
				}
				if totals := tracker.Totals(); totals.Flows != 200 || totals.Active != 0 {
					t.Errorf("totals are %+v", totals)
				}
			})
		})
	}
}

func TestDroppedFlowsAreCountedAndCostNothingBelow(t *testing.T) {
	t.Parallel()
	tracker := flow.New(flow.WithSampler(decide(flow.Drop)))
	ctx, root := tracker.Start(t.Context(), "get", flow.String("a", "b"))
	inner, op := flow.Start(ctx, "query")
	if op != nil || inner != ctx {
		t.Error("an operation of a dropped flow is recorded")
	}
	op.Set(flow.Bool("x", true))
	op.Fail(errors.New("lost"))
	op.End()
	root.Fail(errors.New("broken"))
	root.End()
	if stats := tracker.Stats(); len(stats) != 1 || stats[0].Calls != 1 || stats[0].Errors != 1 || len(tracker.Flows(0)) != 0 {
		t.Errorf("statistics are %+v", stats)
	}
}

func TestDisabledRecordsNothing(t *testing.T) {
	t.Parallel()
	tracker := flow.New(flow.WithEnabled(false))
	ctx, op := tracker.Start(t.Context(), "get")
	if op != nil || ctx != t.Context() {
		t.Error("something is recorded")
	}
	tracker.SetEnabled(true)
	_, op = tracker.Start(t.Context(), "get")
	op.End()
	if !tracker.Enabled() || len(tracker.Flows(0)) != 1 {
		t.Error("nothing is recorded")
	}
}

func TestFlowOutlivesItsFirstOperation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tracker := flow.New()
		ctx, cancel := context.WithCancel(t.Context())
		ctx, root := tracker.Start(ctx, "request")
		release := make(chan struct{})
		flow.Go(ctx, "send mail", func(ctx context.Context) {
			<-release
			if ctx.Err() != nil {
				t.Error("the context ended with the request's")
			}
		})
		root.End()
		cancel()
		if active := tracker.Active(0); len(active) != 1 || !active[0].Lasting || active[0].Current != "send mail" || active[0].Name != "request" {
			t.Errorf("what runs is %+v", active)
		}
		pass(3 * time.Second)
		close(release)
		synctest.Wait()
		if got, want := outline(tracker.Flows(1)[0]), "request\n  send mail 3s\n"; got != want {
			t.Errorf("the flow is %q, want %q", got, want)
		}
	})
}

func TestFlowThatNeverEndsIsCompletedAndItsRestIsLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tracker := flow.New()
		ctx, root := tracker.Start(t.Context(), "request")
		_, stuck := flow.Start(ctx, "stuck")
		root.End()
		pass(time.Minute)
		if len(tracker.Active(0)) != 0 {
			t.Error("the flow still runs")
		}
		if got := outline(tracker.Flows(0)[0]); got != "request\n" {
			t.Errorf("the flow is %q", got)
		}
		_, after := flow.Start(ctx, "afterwards")
		after.End()
		stuck.End()
		flows := tracker.Flows(0)
		if len(flows) != 3 || outline(flows[0]) != "stuck 1m0s\n" || outline(flows[1]) != "afterwards\n" ||
			flows[0].TraceID != root.TraceID() || flows[0].Spans[0].ParentID != root.SpanID() {
			t.Errorf("what came late is %+v", flows)
		}
		if stats := tracker.Stats(); len(stats) != 3 || stats[1].Calls != 1 {
			t.Errorf("statistics are %+v", stats)
		}
	})
}

func TestPanicIsRecordedAndGoesOn(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	func() {
		defer func() {
			if cause := recover(); cause != "boom" {
				t.Errorf("the panic is %v", cause)
			}
		}()
		_, op := tracker.Start(t.Context(), "work")
		defer op.End()
		panic("boom")
	}()
	got := tracker.Flows(0)[0].Spans[0]
	if got.Status != flow.Failed || got.Message != "panic: boom" || len(got.Events) != 1 {
		t.Errorf("the operation is %+v", got)
	}
}

// TestEverythingIsBounded runs one flow that is too long, with attributes that
// are too many and too large, and more paths than there may be.
func TestEverythingIsBounded(t *testing.T) {
	t.Parallel()
	tracker := flow.New(flow.WithHistory(100, 4<<20), flow.WithMaxPaths(50))
	ctx, root := tracker.Start(t.Context(), "root")
	large := strings.Repeat("x", 1<<20)
	for i := range 5000 {
		_, op := flow.Start(ctx, fmt.Sprintf("step %d", i), flow.String(large, large), flow.String("bad", "a\xffb"))
		op.Event(large, flow.String("k", large))
		op.End()
	}
	root.End()
	totals := tracker.Totals()
	if totals.Dropped != 3001 || totals.Paths > 52 || totals.HistoryMemory > 4<<20 || totals.Flows != 1 {
		t.Errorf("totals are %+v", totals)
	}
	var calls int64
	for _, s := range tracker.Stats() {
		calls += s.Calls
	}
	if calls != 5001 {
		t.Errorf("%d operations are counted", calls)
	}
	f := tracker.Flows(0)
	if len(f) != 1 || len(f[0].Spans) != 2000 {
		t.Fatalf("%d flows are kept", len(f))
	}
	if got := f[0].Spans[1].Attrs; len(got) != 2 || len(got[0].Key()) != 256 || len(got[0].Text()) != 16<<10 || got[1].Text() != "a\uFFFDb" {
		t.Errorf("attributes are cut to %d", len(got))
	}
}

// TestFlowsThatNeverEndAreBounded begins more than there is room for, each with
// more attributes than a small one has.
func TestFlowsThatNeverEndAreBounded(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	text := strings.Repeat("x", 4000)
	begun := 0
	for ; tracker.Totals().Dropped == 0 && begun < 100_000; begun++ {
		ctx, _ := tracker.Start(t.Context(), "leak", flow.String("text", text))
		for range 8 {
			flow.Start(ctx, "step")
		}
	}
	totals := tracker.Totals()
	if begun == 100_000 || totals.Active < 2000 || totals.Active > begun {
		t.Fatalf("%d flows run of %d; %+v", totals.Active, begun, totals)
	}
	for range 64 {
		_, op := tracker.Start(t.Context(), "next")
		op.End()
	}
	if after := tracker.Totals(); after.Flows != 64 {
		t.Errorf("%d flows are counted that there is no room for", after.Flows)
	}
}

// TestForgottenFlowsMakeRoom begins more flows than there is room for, ends none,
// and goes on a while later.
func TestForgottenFlowsMakeRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tracker := flow.New()
		var forgotten *flow.Op
		for tracker.Totals().Dropped == 0 {
			for range 100 {
				_, forgotten = tracker.Start(t.Context(), "forgotten")
			}
		}
		dropped := tracker.Totals().Dropped
		pass(2 * time.Minute)
		for range 500 {
			ctx, op := tracker.Start(t.Context(), "request")
			_, step := flow.Start(ctx, "step")
			step.End()
			op.End()
		}
		forgotten.End()
		stats := map[string]int64{}
		for _, s := range tracker.Stats() {
			stats[s.Name()] += s.Calls
		}
		if stats["request"] != 500 || stats["step"] != 500 || stats["forgotten"] == 0 || tracker.Totals().Dropped != dropped {
			t.Errorf("counted are %v, dropped %d after %d", stats, tracker.Totals().Dropped, dropped)
		}
	})
}

// TestStatisticsAreBounded takes paths that are many and whose latencies are all
// over the place.
func TestStatisticsAreBounded(t *testing.T) {
	t.Parallel()
	tracker := flow.New(flow.WithHistory(10, 1<<20), flow.WithMaxPaths(1_000_000))
	const paths = 20_000
	at := time.Now()
	for i := range paths {
		for _, took := range []time.Duration{1, time.Microsecond, time.Second, time.Hour} {
			_, op := tracker.StartSpec(t.Context(), flow.Spec{Name: fmt.Sprint(i), At: at})
			op.EndAt(at.Add(took))
		}
	}
	if totals := tracker.Totals(); totals.Paths > 2000 || totals.Flows != 4*paths {
		t.Errorf("totals are %+v", totals)
	}
}

func TestThousandGoroutines(t *testing.T) {
	t.Parallel()
	tracker := flow.New(flow.WithHistory(50, 64<<10))
	var all sync.WaitGroup
	for g := range 1000 {
		all.Go(func() {
			for range 10 {
				ctx, root := tracker.Start(t.Context(), fmt.Sprintf("root %d", g%7))
				var steps sync.WaitGroup
				for s := range 3 {
					steps.Go(func() {
						_, op := flow.Start(ctx, fmt.Sprintf("step %d", s))
						op.Set(flow.Int("g", g))
						root.Event("step", flow.Int("s", s))
						op.End()
						op.End()
					})
				}
				if g%100 == 0 {
					tracker.Active(0)
					tracker.Flows(0)
					tracker.Stats()
				}
				if g%2 == 0 {
					steps.Wait()
				}
				root.End()
				steps.Wait()
			}
		})
	}
	all.Wait()
	var calls int64
	for _, s := range tracker.Stats() {
		calls += s.Calls
	}
	if totals := tracker.Totals(); calls != 40_000 || totals.Flows != 10_000 || totals.Active != 0 || totals.HistoryMemory > 64<<10 {
		t.Errorf("%d operations are counted; %+v", calls, totals)
	}
}

type pointerError struct{ text string }

func (e *pointerError) Error() string { return e.text }

func TestErrorThatPanicsIsRecorded(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	_, op := tracker.Start(t.Context(), "work")
	op.Fail((*pointerError)(nil)) // not nil, and its Error panics
	op.End()
	if got := tracker.Flows(0)[0].Spans[0]; got.Status != flow.Failed || got.Message != "<nil>" {
		t.Errorf("%+v", got)
	}
}
