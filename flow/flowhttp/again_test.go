package flowhttp_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowscope/flowscope/flow"
)

// names are those of a trace's spans as the API has them.
func names(t *testing.T, h http.Handler, id string) (list []string) {
	t.Helper()
	got := decoded[struct{ Spans []struct{ Name string } }](t, get(h, "/debug/flow/api/v1/traces/"+id))
	for _, s := range got.Spans {
		list = append(list, s.Name)
	}
	slices.Sort(list)
	return list
}

// row is a flow in a list.
type row struct {
	FlowID, OperationName string
	SpanCount             int
}

func rows(t *testing.T, h http.Handler) []row {
	t.Helper()
	return decoded[struct{ Flows []row }](t, get(h, "/debug/flow/api/v1/flows?pageSize=200")).Flows
}

// TestLateOperations end after their flow was complete, some when hundreds of
// others have come and gone: no flow becomes two.
func TestLateOperations(t *testing.T) {
	for _, between := range []int{0, 2000} {
		t.Run(fmt.Sprint(between), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tracker := flow.New(flow.WithHistory(5000, 4<<20))
				h := mounted(tracker)
				ctx, op := tracker.StartSpec(t.Context(), flow.Spec{Name: "request", Kind: flow.Server})
				_, late := flow.Start(ctx, "late")
				op.End()
				pass(time.Minute)
				for i := range between {
					run(t, tracker, "other")
					if i%200 == 0 {
						settle()
					}
				}
				late.End()
				settle()
				got := operations(t, h)
				if got["request"].Count != 1 || got["other"].Count != int64(between) || got["late"].Count != 0 {
					t.Errorf("%+v", got)
				}
				id := op.TraceID().String()
				if got := names(t, h, id); !slices.Equal(got, []string{"late", "request"}) {
					t.Errorf("the trace has %q", got)
				}
				list := decoded[struct {
					Flows []row
					Total int
				}](t, get(h, "/debug/flow/api/v1/flows?operation=request"))
				if list.Total != 1 || list.Flows[0] != (row{id, "request", 2}) {
					t.Errorf("%+v is listed", list)
				}
			})
		})
	}
}

// TestLoopOfAFinishedFlow is one that goes on beginning operations with the
// context of a request for ever: the first hundred are part of its flow, and the
// cost of looking does not grow with the square of all.
func TestLoopOfAFinishedFlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tracker := flow.New(flow.WithHistory(10_000, 4<<20))
		h := mounted(tracker)
		ctx, op := tracker.StartSpec(t.Context(), flow.Spec{Name: "request", Kind: flow.Server})
		op.End()
		const ticks = 3000
		for i := range ticks {
			_, tick := flow.Start(ctx, "tick")
			tick.End()
			if i%300 == 0 {
				pass(250 * time.Millisecond)
				rows(t, h)
			}
		}
		settle()
		if got := operations(t, h); len(got) != 1 || got["request"].Count != 1 {
			t.Errorf("%+v", got)
		}
		if list := rows(t, h); len(list) != 1 || list[0].SpanCount != 101 {
			t.Errorf("%+v", list)
		}
		if n := tracker.Totals().Dropped; n != ticks-100 {
			t.Errorf("%d operations were counted and not recorded", n)
		}
	})
}

// TestFlowThatComesBack is a service that calls itself: two runs of one trace,
// the inner one complete first.
func TestFlowThatComesBack(t *testing.T) {
	tracker := flow.New()
	h := mounted(tracker)
	mux := http.NewServeMux()
	server := httptest.NewServer(tracker.Middleware(mux))
	defer server.Close()
	client := &http.Client{Transport: tracker.Transport(server.Client().Transport)}
	defer client.CloseIdleConnections()
	mux.HandleFunc("GET /outer", func(w http.ResponseWriter, r *http.Request) {
		inner, err := http.NewRequestWithContext(r.Context(), http.MethodGet, server.URL+"/inner", nil)
		if err != nil {
			t.Error(err)
			return
		}
		got, err := client.Do(inner)
		if err != nil {
			t.Error(err)
			return
		}
		defer got.Body.Close()
		io.Copy(w, got.Body) //nolint:errcheck // the test sees what is there
	})
	mux.HandleFunc("GET /inner", func(w http.ResponseWriter, r *http.Request) {
		_, op := flow.Start(r.Context(), "work")
		op.End()
		fmt.Fprint(w, "done")
	})
	const calls = 3
	for range calls {
		got, err := server.Client().Get(server.URL + "/outer")
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(got.Body); err != nil || string(text) != "done" {
			t.Fatalf("%q %v", text, err)
		}
		got.Body.Close()
		// Between the two runs somebody looks.
		until(t, "the flow is not complete", func() bool { return tracker.Totals().Active == 0 })
	}
	if got := operations(t, h); len(got) != 1 || got["GET /outer"].Count != calls {
		t.Errorf("%+v", got)
	}
	list := rows(t, h)
	if len(list) != calls || list[0].OperationName != "GET /outer" || list[0].SpanCount != 4 {
		t.Errorf("%+v", list)
	}
	if got := names(t, h, list[0].FlowID); !slices.Equal(got, []string{"GET", "GET /inner", "GET /outer", "work"}) {
		t.Errorf("the trace has %q", got)
	}
	flows := decoded[struct {
		Count int
		Flows []struct{ Operations []struct{ Name string } }
	}](t, get(h, "/debug/flow/flows"))
	if flows.Count != calls || len(flows.Flows[0].Operations) != 1 || flows.Flows[0].Operations[0].Name != "GET /outer" {
		t.Errorf("%+v", flows)
	}
}

// TestInnerRunIsSeenFirst has somebody look between the two runs of a flow.
func TestInnerRunIsSeenFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tracker := flow.New()
		h := mounted(tracker)
		ctx, outer := tracker.StartSpec(t.Context(), flow.Spec{Name: "outer", Kind: flow.Server})
		_, call := flow.Start(ctx, "call")
		_, inner := tracker.StartSpec(t.Context(), flow.Spec{Name: "inner", Parent: call.SpanContext()})
		inner.End()
		settle()
		if got := operations(t, h); len(got) != 1 || got["inner"].Count != 1 {
			t.Errorf("at first: %+v", got)
		}
		call.End()
		outer.End()
		settle()
		if got := operations(t, h); len(got) != 1 || got["outer"].Count != 1 {
			t.Errorf("then: %+v", got)
		}
		if list := rows(t, h); len(list) != 1 || list[0].OperationName != "outer" || list[0].SpanCount != 3 {
			t.Errorf("%+v", list)
		}
	})
}

// TestHistoryForgetsHalfAFlow keeps one of two runs.
func TestHistoryForgetsHalfAFlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tracker := flow.New(flow.WithHistory(2, 1<<20))
		h := mounted(tracker)
		_, outer := tracker.StartSpec(t.Context(), flow.Spec{Name: "outer", Kind: flow.Server})
		_, inner := tracker.StartSpec(t.Context(), flow.Spec{Name: "inner", Parent: outer.SpanContext()})
		inner.End()
		outer.End()
		settle()
		if list := rows(t, h); len(list) != 1 || list[0].SpanCount != 2 {
			t.Errorf("%+v", list)
		}
		run(t, tracker, "other")
		settle()
		list := rows(t, h)
		if len(list) != 2 || !slices.Contains(list, row{outer.TraceID().String(), "outer", 1}) {
			t.Errorf("%+v", list)
		}
		run(t, tracker, "other")
		settle()
		if list := rows(t, h); len(list) != 2 || list[0].OperationName != "other" || list[1].OperationName != "other" {
			t.Errorf("%+v", list)
		}
	})
}

// TestHistoryForgetsWhileItIsRead reads everything while flows push each other out.
func TestHistoryForgetsWhileItIsRead(t *testing.T) {
	tracker := flow.New(flow.WithHistory(20, 32<<10))
	h := mounted(tracker)
	var writers, readers sync.WaitGroup
	stop := make(chan struct{})
	for w := range 4 {
		writers.Go(func() {
			for i := range 1000 {
				ctx, op := tracker.Start(t.Context(), fmt.Sprintf("flow %d", w))
				_, inner := flow.Start(ctx, "step", flow.Int("i", i))
				inner.End()
				op.End()
			}
		})
	}
	for _, path := range []string{"flows", "api/v1/flows", "api/v1/traces?minSpanDuration=1ns", "api/v1/operations", "stats", "api/v1/dependencies"} {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if w := get(h, "/debug/flow/"+path); w.Code != http.StatusOK {
					t.Errorf("%s: %d %s", path, w.Code, w.Body)
					return
				}
			}
		})
	}
	readers.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			for _, f := range tracker.Flows(3) {
				if w := get(h, "/debug/flow/api/v1/traces/"+f.TraceID.String()); w.Code != http.StatusOK && w.Code != http.StatusNotFound {
					t.Errorf("%d %s", w.Code, w.Body)
				}
			}
		}
	})
	writers.Wait()
	close(stop)
	readers.Wait()
	until(t, "not all flows are counted", func() bool {
		var sum int64
		for _, m := range operations(t, h) {
			sum += m.Count
		}
		return sum == 4000
	})
	if list := rows(t, h); len(list) != 20 {
		t.Errorf("%d flows are listed", len(list))
	}
}

// TestNoHistory has counts and what runs, and nothing else.
func TestNoHistory(t *testing.T) {
	for _, limits := range [][2]int{{0, 0}, {0, 1 << 20}, {10, 0}} {
		synctest.Test(t, func(t *testing.T) {
			tracker := flow.New(flow.WithHistory(limits[0], limits[1]))
			h := mounted(tracker)
			ended(t, tracker, "get", time.Millisecond, nil)
			settle()
			if got := operations(t, h); got["get"].Count != 1 {
				t.Errorf("%+v", got)
			}
			if list := rows(t, h); len(list) != 0 {
				t.Errorf("%+v", list)
			}
			for _, path := range []string{"flows", "stats", "health", "api/v1/traces", "api/v1/operations/get/graph", "api/v1/services"} {
				if w := get(h, "/debug/flow/"+path); w.Code != http.StatusOK {
					t.Errorf("%s: %d %s", path, w.Code, w.Body)
				}
			}
			if totals := tracker.Totals(); totals.TooBig != 0 || totals.Dropped != 0 {
				t.Errorf("%+v", totals)
			}
		})
	}
}
