package flowhttp_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/flowscope/flowscope/flow"
	"github.com/flowscope/flowscope/flow/flowhttp"
)

// pass lets time pass in a synctest bubble.
func pass(d time.Duration) { <-time.After(d) }

// settle lets the flows that ended be counted.
func settle() { pass(time.Second) }

// request is one of a program on the same machine. The header comes in pairs.
func request(method, target string, header ...string) *http.Request {
	r := httptest.NewRequest(method, target, nil)
	r.RemoteAddr, r.Host = "127.0.0.1:54321", "localhost:8080"
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	return r
}

func answer(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func get(h http.Handler, target string, header ...string) *httptest.ResponseRecorder {
	return answer(h, request(http.MethodGet, target, header...))
}

// mounted is a tracker's handler where it usually is.
func mounted(t *flow.Tracker, options ...flowhttp.Option) *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("GET /debug/flow/", flowhttp.Handler(t, options...))
	return mux
}

func decoded[T any](t *testing.T, w *httptest.ResponseRecorder) (v T) {
	t.Helper()
	if w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), &v); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	return v
}

type problem struct {
	Status                         int
	Code, Field, Detail, RequestID string
}

func refused(t *testing.T, w *httptest.ResponseRecorder) (p problem) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Header().Get("Content-Type") != "application/problem+json" ||
		p.Status != w.Code || p.RequestID == "" || p.RequestID != w.Header().Get("X-Request-Id") {
		t.Fatalf("%d %v is no problem: %s", w.Code, w.Header(), w.Body)
	}
	return p
}

// shop is a tracker of a small service after three requests, with one that runs:
//
//	GET /products/{id}    10 ms   load product 8 ms (sqlite)
//	POST /orders          30 ms   reserve 5 ms, charge 20 ms (payments, failed)
//	GET /products/{id}     4 ms   load product 2 ms
//	POST /reports          runs   collect runs
func shop(t *testing.T) *flow.Tracker {
	t.Helper()
	tracker := flow.New(flow.WithService("shop"), flow.WithVersion("1.2.3"), flow.WithEnvironment("test"))
	tracker.View() // it counts from here on
	product := func(d time.Duration) {
		ctx, root := tracker.StartSpec(t.Context(), flow.Spec{Name: "GET /products/{id}", Kind: flow.Server})
		root.Set(flow.String("url.path", "/products/7"), flow.String("enduser.pseudo.id", "u-1"))
		_, load := flow.Start(ctx, "load product", flow.String("db.system.name", "sqlite"), flow.Int("rows", 1))
		pass(d)
		load.End()
		pass(2 * time.Millisecond)
		root.Set(flow.Int("http.response.status_code", 200))
		root.End()
	}
	product(8 * time.Millisecond)
	ctx, order := tracker.StartSpec(t.Context(), flow.Spec{Name: "POST /orders", Kind: flow.Server})
	order.SetOperation("checkout")
	_, reserve := flow.Start(ctx, "reserve")
	pass(5 * time.Millisecond)
	reserve.End()
	_, charge := flow.Start(ctx, "charge", flow.String("peer.service", "payments"))
	pass(20 * time.Millisecond)
	charge.Fail(errors.New("card declined"))
	charge.End()
	pass(5 * time.Millisecond)
	order.Set(flow.Int("http.response.status_code", 502))
	order.Fail(errors.New("no payment"))
	order.End()
	product(2 * time.Millisecond)
	ctx, report := tracker.StartSpec(t.Context(), flow.Spec{Name: "POST /reports", Kind: flow.Server})
	_, collect := flow.Start(ctx, "collect")
	t.Cleanup(func() {
		collect.End()
		report.End()
	})
	settle()
	return tracker
}

// lastID is the id of the newest flow of an operation's name.
func lastID(t *testing.T, tracker *flow.Tracker, name string) string {
	t.Helper()
	for _, f := range tracker.Flows(0) {
		if strings.Contains(f.Spans[0].Name, name) {
			return f.TraceID.String()
		}
	}
	t.Fatalf("no flow of %q", name)
	return ""
}
