package flow_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/flowscope/flowscope/flow"
)

func nothing(http.ResponseWriter, *http.Request) {}

func ask(h http.Handler, r *http.Request) { h.ServeHTTP(httptest.NewRecorder(), r) }

// TestRequestsBelowAnOperationAreFlows has main's operation in the context of all
// requests, as http.Server's BaseContext hands it out.
func TestRequestsBelowAnOperationAreFlows(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	ctx, op := tracker.Start(t.Context(), "main")
	mux := http.NewServeMux()
	mux.HandleFunc("GET /items", nothing)
	h := tracker.Middleware(tracker.Middleware(mux)) // which is one flow each
	for range 3 {
		ask(h, httptest.NewRequestWithContext(ctx, http.MethodGet, "/items", http.NoBody))
	}
	if flows := tracker.Flows(0); len(flows) != 3 || flows[0].Spans[0].Name != "GET /items" || len(flows[0].Spans) != 1 {
		t.Errorf("%d flows: %+v", len(flows), flows)
	}
	op.End()
	ask(h, httptest.NewRequestWithContext(ctx, http.MethodGet, "/items", http.NoBody))
	if totals := tracker.Totals(); totals.Flows != 5 || totals.Active != 0 {
		t.Errorf("%+v", totals)
	}
}

// TestDashboardIgnoresNoOtherFlow serves it without a middleware, below main's operation.
func TestDashboardIgnoresNoOtherFlow(t *testing.T) {
	before := flow.Default()
	defer flow.SetDefault(before)
	tracker := flow.New()
	flow.SetDefault(tracker)
	mux := http.NewServeMux()
	flow.RegisterHandlers(mux)
	ctx, op := tracker.Start(t.Context(), "main")
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1/debug/flow/stats", http.NoBody)
	r.RemoteAddr = "127.0.0.1:1"
	ask(mux, r)
	op.End()
	if totals := tracker.Totals(); totals.Flows != 1 {
		t.Errorf("%+v", totals)
	}
}

func TestTrackersRecordOneRequestEach(t *testing.T) {
	t.Parallel()
	outer, inner := flow.New(), flow.New()
	ask(outer.Middleware(inner.Middleware(http.HandlerFunc(nothing))), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody))
	if o, i := outer.Totals(), inner.Totals(); o.Flows != 1 || i.Flows != 1 {
		t.Errorf("they counted %d and %d flows", o.Flows, i.Flows)
	}
}

func TestHostIsNoMethod(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	mux := http.NewServeMux()
	mux.HandleFunc("a.io/items", nothing) // as long as "GET /items"
	ask(tracker.Middleware(mux), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://a.io/items", http.NoBody))
	if name := tracker.Flows(1)[0].Spans[0].Name; name != "GET /items" {
		t.Errorf("the flow is %q", name)
	}
}

// TestCloseNotify is what gin's Stream asks for.
func TestCloseNotify(t *testing.T) {
	t.Parallel()
	left := make(chan bool)
	h := flow.New().Middleware(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		gone := w.(interface{ CloseNotify() <-chan bool }).CloseNotify() //nolint:errcheck,forcetypeassert // it is what is tested
		_, _ = io.WriteString(w, "event\n")
		w.(http.Flusher).Flush() //nolint:errcheck,forcetypeassert // likewise
		left <- <-gone
	}))
	server := httptest.NewServer(h)
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	got, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	if line, err := bufio.NewReader(got.Body).ReadString('\n'); line != "event\n" {
		t.Errorf("%q, %v", line, err)
	}
	cancel()
	select {
	case <-left:
	case <-time.After(10 * time.Second):
		t.Error("nobody says that the client has left")
	}
}

// TestCloseNotifyOfAWriterThatCannot has a recorder, whose client never leaves.
func TestCloseNotifyOfAWriterThatCannot(t *testing.T) {
	t.Parallel()
	ask(flow.New().Middleware(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		select {
		case <-w.(interface{ CloseNotify() <-chan bool }).CloseNotify(): //nolint:errcheck,forcetypeassert // it is what is tested
			t.Error("the client has left")
		default:
		}
	})), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody))
}

// TestRunningRequestTellsItsPath has no name but its method before it is routed.
func TestRunningRequestTellsItsPath(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	ask(tracker.Middleware(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		a := tracker.Active(0)[0]
		path := ""
		for _, at := range a.Attrs {
			if at.Key() == "url.path" {
				path = at.Text()
			}
		}
		if a.Name != "GET" || path != "/users/7" {
			t.Errorf("what runs is %+v", a)
		}
	})), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/users/7", http.NoBody))
}

func TestRequestWithoutAURLIsAnError(t *testing.T) {
	t.Parallel()
	answer, err := flow.New().Transport(nil).RoundTrip(&http.Request{})
	if err == nil {
		answer.Body.Close()
		t.Error("a request to nowhere is answered")
	}
}

// TestTracestateOfOutsiders is one that is no text, and one that no header can carry.
func TestTracestateOfOutsiders(t *testing.T) {
	t.Parallel()
	const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	for state, want := range map[string]string{"a=\xff": "", "a=b\n": "", "a=b,c= ~": "a=b,c= ~"} {
		tracker := flow.New()
		ctx, caller := flow.Extract(t.Context(), http.Header{"Traceparent": {parent}, "Tracestate": {state}})
		if caller.State != want || !caller.Valid() {
			t.Errorf("%q: the caller is %+v", state, caller)
		}
		caller.State = state
		for _, spec := range []flow.Spec{{Name: "a", Parent: caller}, {Name: "b", Self: caller, New: true}} {
			_, op := tracker.StartSpec(ctx, spec)
			op.Link(caller)
			if got := op.SpanContext().State; got != want {
				t.Errorf("%q is handed on as %q", state, got)
			}
			op.End()
		}
		if flows := tracker.Flows(0); len(flows) != 2 || flows[0].Spans[0].State != want || len(flows[0].Spans[0].Links) != 1 {
			t.Errorf("%q: the flows are %+v", state, flows)
		}
	}
}
