package flow_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowscope/flowscope/flow"
)

func newTracker(history int) *flow.FlowTracker {
	return flow.NewFlowTracker(flow.Config{MaxFlowHistory: history, Enabled: true})
}

func TestTrackerRecordsWhatItsEntryPointsSay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tracker := newTracker(0)
		ctx := tracker.StartFlow(t.Context(), "checkout-7")
		flow.From(ctx).SetName("checkout")
		outer := tracker.StartOperation(ctx, "load")
		inner := tracker.StartOperation(outer, "query")
		pass(time.Millisecond)
		tracker.EndOperation(inner, errors.New("no rows"))
		tracker.EndOperation(inner, nil) // it has ended
		tracker.EndOperation(outer, nil)
		tracker.EndOperation(ctx, nil) // it is the flow
		pass(time.Millisecond)
		tracker.EndFlow(outer, http.StatusBadGateway, nil) // whichever operation the context carries
		tracker.EndFlow(ctx, http.StatusOK, nil)
		want := `checkout 2ms flow.id=checkout-7 http.response.status_code=502 FAILED HTTP 502 [exception +2ms exception.type=*errors.errorString exception.message=HTTP 502]
  load 1ms
    query 1ms FAILED no rows [exception +1ms exception.type=*errors.errorString exception.message=no rows]
`
		if flows := tracker.Flows(0); len(flows) != 1 || outline(flows[0]) != want {
			t.Errorf("%d flows, %s", len(flows), outline(flows[0]))
		}
		if totals := tracker.Totals(); totals.Flows != 1 || totals.Failed != 1 || totals.Active != 0 {
			t.Errorf("%+v", totals)
		}
	})
}

// TestFlowsOfOneNameAtOneMomentAreSeveral begins them all within a nanosecond.
func TestFlowsOfOneNameAtOneMomentAreSeveral(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		tracker := newTracker(2000)
		var all []context.Context
		for range 1000 {
			all = append(all, tracker.StartFlow(t.Context(), "GET-1"))
		}
		ids := map[flow.TraceID]bool{}
		for _, ctx := range all {
			ids[flow.From(ctx).TraceID()] = true
			tracker.EndFlow(ctx, 0, nil)
		}
		if totals := tracker.Totals(); len(ids) != 1000 || totals.Flows != 1000 || totals.HistoryFlows != 1000 || totals.Active != 0 {
			t.Errorf("%d ids, %+v", len(ids), totals)
		}
	})
}

// TestFlowIDsAreNoNames has more of them than there are paths, as a middleware that
// makes one a request.
func TestFlowIDsAreNoNames(t *testing.T) {
	t.Parallel()
	tracker := newTracker(10)
	for i := range 3000 {
		ctx := tracker.StartFlow(t.Context(), fmt.Sprintf("GET-%d", i))
		tracker.EndOperation(tracker.StartOperation(ctx, "GET /users"), nil)
		tracker.EndFlow(ctx, http.StatusOK, nil)
	}
	tracker.EndFlow(tracker.StartFlow(t.Context(), ""), http.StatusOK, nil)
	record(t, tracker, "GET /health")
	paths := map[string]int64{}
	for _, s := range tracker.Stats() {
		paths[strings.Join(s.Path, " > ")] = s.Calls
	}
	if want := (map[string]int64{"flow": 3001, "flow > GET /users": 3000, "GET /health": 1}); !maps.Equal(paths, want) {
		t.Errorf("the statistics are of %v", paths)
	}
	flows := tracker.Flows(3)
	if len(flows[1].Spans[0].Attrs) != 1 || attr(flows[2].Spans[0], "flow.id") != "GET-2999" {
		t.Errorf("%+v", flows)
	}
}

// TestEndCountsOnce is the usual mistake: an End with the error, and a deferred one without.
func TestEndCountsOnce(t *testing.T) {
	t.Parallel()
	tracker := newTracker(0)
	ctx := tracker.StartFlow(t.Context(), "request")
	work := func() {
		op := flow.StartOperation(ctx, "work")
		defer op.End(nil)
		op.SetMetadata("k", "v")
		op.End(errors.New("broken"))
		op.SetMetadata("k", "too late")
	}
	work()
	tracker.EndFlow(ctx, 0, nil)
	stats := tracker.Stats()
	if len(stats) != 2 || stats[1].Calls != 1 || stats[1].Errors != 1 {
		t.Errorf("%+v", stats)
	}
	if got := tracker.Flows(0)[0].Spans[1]; got.Message != "broken" || len(got.Attrs) != 1 || got.Attrs[0].Text() != "v" {
		t.Errorf("%+v", got)
	}
}

// TestTrackerHasBounds has more flows than are kept, flows that nobody ends, and
// requests of as many paths as there are users.
func TestTrackerHasBounds(t *testing.T) {
	t.Parallel()
	tracker := newTracker(10)
	mux := http.NewServeMux()
	mux.HandleFunc("/users/", func(http.ResponseWriter, *http.Request) {})
	h := tracker.Middleware(mux)
	for i := range 5000 {
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, fmt.Sprintf("/users/%d", i), nil))
	}
	if totals := tracker.Totals(); totals.HistoryFlows != 10 || totals.Paths != 1 || totals.Flows != 5000 {
		t.Errorf("%+v", totals)
	}
	for range 100_000 {
		tracker.StartFlow(t.Context(), "never ends")
	}
	if totals := tracker.Totals(); totals.Active > 40_000 || totals.Dropped == 0 {
		t.Errorf("%d flows run, %d were dropped", totals.Active, totals.Dropped)
	}
}

// TestTrackerEndsWhatWasNotBegun ends, sets and asks where there is no flow, one
// of another tracker, or one that is not recorded.
func TestTrackerEndsWhatWasNotBegun(t *testing.T) {
	t.Parallel()
	tracker, other := newTracker(0), newTracker(0)
	nothing := tracker.StartOperation(t.Context(), "no flow")
	tracker.EndOperation(nothing, errors.New("x"))
	tracker.EndFlow(nothing, 500, nil)
	//nolint:revive,staticcheck // keys of this type are what is tested
	strange := context.WithValue(context.WithValue(t.Context(), "trace_id", 7), "current_operation", "x")
	tracker.EndFlow(tracker.StartOperation(tracker.StartFlow(strange, ""), "op"), 200, nil)

	theirs := other.StartFlow(t.Context(), "theirs")
	inner := other.StartOperation(theirs, "step")
	tracker.EndOperation(tracker.StartOperation(inner, "mine"), errors.New("x"))
	tracker.EndFlow(inner, 500, nil)
	if totals := other.Totals(); totals.Active != 1 {
		t.Errorf("another tracker's flow was ended: %+v", totals)
	}
	other.EndOperation(inner, nil)
	other.EndFlow(theirs, 200, nil)
	if got := other.Flows(0)[0].Spans; len(got) != 2 || got[0].Status != flow.Unset || got[1].Status != flow.Unset {
		t.Errorf("their flow is %+v", got)
	}

	off := flow.NewFlowTracker(flow.Config{})
	ctx := off.StartFlow(t.Context(), "get")
	off.EndOperation(off.StartOperation(ctx, "op"), nil)
	off.EndFlow(ctx, 200, nil)
	if totals := off.Totals(); totals.Flows != 0 || ctx != t.Context() {
		t.Errorf("%+v", totals)
	}
}

// TestTrackerSwitchedOffInTheMiddle ends no more than was begun.
func TestTrackerSwitchedOffInTheMiddle(t *testing.T) {
	t.Parallel()
	tracker := newTracker(0)
	ctx := tracker.StartFlow(t.Context(), "request")
	outer := tracker.StartOperation(ctx, "outer")
	tracker.SetEnabled(false)
	inner := tracker.StartOperation(outer, "inner")
	tracker.EndOperation(inner, errors.New("x"))
	if got := tracker.Active(0)[0]; got.Current != "outer" || got.Failed != 0 {
		t.Errorf("what runs is %+v", got)
	}
	tracker.SetEnabled(true)
	again := tracker.StartOperation(inner, "again")
	tracker.EndOperation(again, nil)
	tracker.EndOperation(outer, nil)
	tracker.EndFlow(inner, 0, nil)
	if totals := tracker.Totals(); totals.Active != 0 || totals.Flows != 1 || len(tracker.Stats()) != 3 {
		t.Errorf("%+v", totals)
	}
}

func TestTrackerRecordsPanics(t *testing.T) {
	tracker := flow.New()
	flow.SetDefault(tracker)
	h := flow.HTTPMiddleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		op := flow.StartOperation(r.Context(), "work")
		defer op.End(nil)
		panic("boom")
	}))
	func() {
		defer func() {
			if cause := recover(); cause != "boom" {
				t.Errorf("the panic is %v", cause)
			}
		}()
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	}()
	if got := flow.GetGlobalTracker(); got != tracker {
		t.Error("the global tracker is another one")
	}
	if totals := tracker.Totals(); totals.Failed != 1 || totals.Active != 0 {
		t.Errorf("%+v", totals)
	}
	for _, s := range tracker.Flows(0)[0].Spans {
		if s.Status != flow.Failed || s.Message != "panic: boom" {
			t.Errorf("%+v", s)
		}
	}
}

// TestDefaultTrackerMayBeMadeLast has main register handlers, and only then
// make the tracker. It is not parallel: it sets the default tracker.
func TestDefaultTrackerMayBeMadeLast(t *testing.T) {
	before := flow.Default()
	defer flow.SetDefault(before)
	flow.SetDefault(flow.New())
	mux := http.NewServeMux()
	mux.HandleFunc("GET /work", func(http.ResponseWriter, *http.Request) {})
	flow.RegisterHandlers(mux)
	h := flow.HTTPMiddleware(mux)
	stats := func() string {
		r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/debug/flow/stats", nil)
		r.RemoteAddr = "127.0.0.1:1"
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Body.String()
	}
	for _, name := range []string{"first", "second"} {
		flow.SetDefault(flow.New(flow.WithService(name)))
		h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/work", nil))
		if got := stats(); flow.Default().Totals().Flows != 1 || !strings.Contains(got, `"service":"`+name+`"`) || !strings.Contains(got, `"total_flows":1`) {
			t.Errorf("%+v is shown as %s", flow.Default().Totals(), got)
		}
	}
}

// TestTrackerOfManyGoroutines shares one flow and one operation among them.
func TestTrackerOfManyGoroutines(t *testing.T) {
	t.Parallel()
	tracker := newTracker(100)
	ctx := tracker.StartFlow(t.Context(), "shared")
	shared := flow.StartOperation(ctx, "shared step")
	var all sync.WaitGroup
	for g := range 100 {
		all.Go(func() {
			own := tracker.StartFlow(t.Context(), "own")
			for range 20 {
				for _, ctx := range []context.Context{own, ctx, shared.Context()} {
					op := tracker.StartOperation(ctx, "step")
					tracker.EndOperation(op, nil)
				}
				shared.SetMetadata(fmt.Sprint(g), "x")
				tracker.Flows(1)
			}
			shared.End(nil)
			tracker.EndFlow(own, 200, nil)
		})
	}
	all.Wait()
	tracker.EndFlow(ctx, 200, nil)
	var calls int64
	for _, s := range tracker.Stats() {
		calls += s.Calls
	}
	if want := int64(100*20*3 + 100 + 2); calls != want || tracker.Totals().Active != 0 {
		t.Errorf("%d operations are counted of %d", calls, want)
	}
}
