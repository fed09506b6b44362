package flow_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/flowscope/flowscope/flow"
)

// written is what a JSON handler has written, a map a record.
func written(t *testing.T, out *bytes.Buffer) (records []map[string]any) {
	t.Helper()
	for line := range bytes.Lines(out.Bytes()) {
		var record map[string]any
		if err := json.Unmarshal(line, &record); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		records = append(records, record)
	}
	return records
}

func TestHandlerIsASlogHandler(t *testing.T) {
	t.Parallel()
	for _, inFlow := range []bool{false, true} {
		var out bytes.Buffer
		slogtest.Run(t, func(t *testing.T) slog.Handler {
			t.Helper()
			out.Reset()
			h := flow.NewHandler(slog.NewJSONHandler(&out, nil), nil)
			if !inFlow {
				return h
			}
			ctx, op := flow.New().Start(t.Context(), "work")
			t.Cleanup(op.End)
			return flow.Logger(logging(ctx, slog.New(h))).Handler()
		}, func(t *testing.T) map[string]any {
			t.Helper()
			record := written(t, &out)[0]
			if _, named := record["trace_id"]; named != inFlow {
				t.Errorf("the record is %v", record)
			}
			return record
		})
	}
}

// logging is a context as handlers behind a RequestLogger have it.
func logging(ctx context.Context, logger *slog.Logger) context.Context {
	var inner *http.Request
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", http.NoBody)
	quiet := flow.NewHandler(discardInfo{logger.Handler()}, nil)
	flow.RequestLogger(slog.New(quiet))(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		inner = r
	})).ServeHTTP(httptest.NewRecorder(), r)
	return inner.Context()
}

// discardInfo leaves out what the RequestLogger itself says.
type discardInfo struct{ slog.Handler }

func (d discardInfo) Handle(ctx context.Context, r slog.Record) error {
	if strings.HasPrefix(r.Message, "request ") {
		return nil
	}
	return d.Handler.Handle(ctx, r)
}

func TestRecordsNameTheirFlowBesideTheMessage(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := slog.New(flow.NewHandler(slog.NewJSONHandler(&out, nil), nil))
	ctx, root := flow.New().Start(t.Context(), "POST", flow.String("flow.operation", "checkout"))
	inner, op := flow.Start(ctx, "pay")
	log.With("shop", 7).WithGroup("card").With("kind", "visa").WithGroup("more").InfoContext(inner, "paid", "cents", 1250)
	log.Info("nobody's")
	op.End()
	root.End()
	records := written(t, &out)
	want := map[string]any{
		"trace_id": root.TraceID().String(), "span_id": op.SpanID().String(), "operation": "checkout", "shop": 7.0,
		"card": map[string]any{"kind": "visa", "more": map[string]any{"cents": 1250.0}},
	}
	for key, value := range want {
		if fmt.Sprint(records[0][key]) != fmt.Sprint(value) {
			t.Errorf("%s is %v, want %v", key, records[0][key], value)
		}
	}
	if _, named := records[1]["trace_id"]; named {
		t.Errorf("a record outside of flows is %v", records[1])
	}
}

func TestRecordsBecomeEvents(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	log := slog.New(flow.NewHandler(slog.DiscardHandler, &flow.LogOptions{
		Events: slog.LevelWarn,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if a.Key == "password" && len(groups) == 1 && groups[0] == "user" {
				return slog.Attr{}
			}
			return a
		},
	}))
	ctx, op := tracker.Start(t.Context(), "work")
	log = log.With("shop", uint64(7))
	log.InfoContext(ctx, "too quiet")
	log.WarnContext(ctx, "odd", slog.Group("user", "name", "ada", "password", "secret"), "err", errors.New("no"),
		"took", time.Second, "nil", error((*brokenError)(nil)))
	for range 200 {
		log.WarnContext(ctx, "again")
	}
	op.End()
	log.WarnContext(ctx, "late")

	events := tracker.Flows(0)[0].Spans[0].Events
	if len(events) != 64 {
		t.Fatalf("%d events", len(events))
	}
	var got strings.Builder
	for _, a := range events[0].Attrs {
		fmt.Fprintf(&got, "%s=%s ", a.Key(), a.Text())
	}
	want := "log.level=WARN log.message=odd shop=7 user.name=ada err=no took=1s nil=!PANIC: broken "
	if events[0].Name != "log" || got.String() != want {
		t.Errorf("the event is %s %q, want %q", events[0].Name, got.String(), want)
	}
	if last := events[63].Attrs[1].Text(); last != "more records were logged than are kept here" {
		t.Errorf("the last event says %q", last)
	}
}

type brokenError struct{}

func (*brokenError) Error() string { panic("broken") }

func TestDebugRecordsAreSampled(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name                 string
		opts                 flow.LogOptions
		kept, measured, free int // of 64 flows of two records, and 64 records outside of flows
	}{
		{"all", flow.LogOptions{}, 128, 128, 64},
		{"sampled", flow.LogOptions{DebugSampled: true}, 128, 0, 0},
		{"every", flow.LogOptions{DebugEvery: 4}, 32, 32, 16},
		{"both", flow.LogOptions{DebugSampled: true, DebugEvery: 4}, 128, 32, 16},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			log := slog.New(flow.NewHandler(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}), &c.opts))
			count := func(d flow.Sampler) int {
				out.Reset()
				tracker := flow.New(flow.WithSampler(d))
				for i := range 64 {
					ctx, op := tracker.StartSpec(t.Context(), flow.Spec{Name: "work", Self: flow.SpanContext{
						TraceID: traceID(uint64(i) << 1), SpanID: flow.SpanID{1},
					}})
					log.DebugContext(ctx, "one")
					log.DebugContext(ctx, "two")
					op.End()
				}
				return bytes.Count(out.Bytes(), []byte("\n"))
			}
			if got := count(flow.Keep); got != c.kept {
				t.Errorf("%d records of kept flows", got)
			}
			if got := count(flow.Measure); got != c.measured {
				t.Errorf("%d records of other flows", got)
			}
			out.Reset()
			for range 64 {
				log.Debug("free")
			}
			if got := bytes.Count(out.Bytes(), []byte("\n")); got != c.free {
				t.Errorf("%d records outside of flows", got)
			}
			out.Reset()
			if log.Info("always"); out.Len() == 0 {
				t.Error("what is no debug record is lost")
			}
		})
	}
}

func TestErrorsAreCountedByPattern(t *testing.T) {
	t.Parallel()
	tracker := flow.New(flow.WithSampler(flow.Drop))
	log := slog.New(flow.NewHandler(slog.DiscardHandler, &flow.LogOptions{Tracker: tracker}))
	for i := range 3 {
		ctx, op := tracker.Start(t.Context(), "work")
		log.ErrorContext(ctx, "save order", "id", i, "cause", fmt.Errorf("row %d is locked", i))
		op.Fail(fmt.Errorf("order %d: timeout", i))
		op.End()
	}
	log.Error("save order", "error", "row 17 is locked")
	log.Warn("save order", "error", "row 18 is locked")
	_, op := tracker.Start(t.Context(), "GET")
	op.SetStatus(flow.Failed, "")
	op.End()
	all := tracker.ErrorPatterns()
	if len(all) != 3 {
		t.Fatalf("the patterns are %+v", all)
	}
	if p := all[0]; p.Pattern != "save order: row <n> is locked" || p.Logged != 4 || p.Failed != 0 || p.Message != "save order: row 17 is locked" {
		t.Errorf("the first is %+v", p)
	}
	if p := all[1]; p.Pattern != "order <n>: timeout" || p.Failed != 3 || p.TraceID.IsZero() || p.Last.Before(p.First) {
		t.Errorf("the second is %+v", p)
	}
	if p := all[2]; p.Pattern != "GET failed" || p.Failed != 1 {
		t.Errorf("the third is %+v", p)
	}
}

func TestFailureIsWhatFailedDeepest(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	ctx, root := tracker.Start(t.Context(), "checkout")
	_, op := flow.Start(ctx, "pay")
	op.Fail(errors.New("card 7 declined"))
	op.End()
	root.Fail(errors.New("checkout failed"))
	root.End()
	if all := tracker.ErrorPatterns(); len(all) != 1 || all[0].Pattern != "card <n> declined" {
		t.Errorf("the patterns are %+v", all)
	}
}

// logged is a service in the usual order, middleware, logger and mux, and what
// it logs.
type logged struct {
	tracker *flow.Tracker
	handler http.Handler
	out     bytes.Buffer
	onward  string // the request id that a call downstream had
}

func newLogged(t *testing.T) *logged {
	t.Helper()
	l := &logged{tracker: flow.New()}
	downstream := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		l.onward = r.Header.Get("X-Request-Id")
	}))
	t.Cleanup(downstream.Close)
	client := &http.Client{Transport: flow.Transport(downstream.Client().Transport)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /products/{id}", func(w http.ResponseWriter, r *http.Request) {
		flow.Logger(r.Context()).Info("looked up", "id", r.PathValue("id"))
		call, err := http.NewRequestWithContext(r.Context(), http.MethodGet, downstream.URL, http.NoBody)
		if err != nil {
			t.Error(err)
			return
		}
		answer, err := client.Do(call)
		if err != nil {
			t.Error(err)
			return
		}
		answer.Body.Close()
		fmt.Fprint(w, flow.RequestID(r.Context()))
	})
	mux.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic("boom") })
	l.handler = l.tracker.Middleware(flow.RequestLogger(slog.New(slog.NewJSONHandler(&l.out, nil)))(mux))
	return l
}

// get returns the answer and what was logged.
func (l *logged) get(t *testing.T, path, id string) (*httptest.ResponseRecorder, []map[string]any) {
	t.Helper()
	l.out.Reset()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
	r.Header.Set("X-Request-Id", id)
	r.Header.Set("User-Agent", "tester")
	w := httptest.NewRecorder()
	func() {
		defer func() {
			if cause := recover(); (cause != nil) != (path == "/panic") {
				t.Errorf("%s panics with %v", path, cause)
			}
		}()
		l.handler.ServeHTTP(w, r)
	}()
	return w, written(t, &l.out)
}

func TestRequestLogger(t *testing.T) {
	t.Parallel()
	l := newLogged(t)
	answer, records := l.get(t, "/products/7?token=secret", "req-1.a")
	if len(records) != 3 || answer.Header().Get("X-Request-Id") != "req-1.a" || answer.Body.String() != "req-1.a" || l.onward != "req-1.a" {
		t.Fatalf("the answer is %v %s, downstream got %q, the log is %s", answer.Header(), answer.Body, l.onward, l.out.String())
	}
	f := l.tracker.Flows(1)[0]
	for i, want := range []map[string]any{
		{"msg": "request started", "method": "GET", "path": "/products/7", "route": "/products/{id}", "user_agent": "tester"},
		{"msg": "looked up", "id": "7"},
		{"msg": "request completed", "level": "INFO", "route": "/products/{id}", "status": 200.0, "bytes": 7.0},
	} {
		want["request_id"], want["trace_id"], want["operation"] = "req-1.a", f.TraceID.String(), "GET /products/{id}"
		for key, value := range want {
			if records[i][key] != value {
				t.Errorf("%s of record %d is %v, want %v", key, i, records[i][key], value)
			}
		}
	}
	if took, ok := records[2]["duration_ms"].(float64); !ok || took <= 0 {
		t.Errorf("the duration is %v", records[2]["duration_ms"])
	}
	if strings.Contains(l.out.String(), "secret") {
		t.Error("the query is logged")
	}
	if s := f.Spans[0]; s.Name != "GET /products/{id}" || len(s.Events) != 1 || !strings.Contains(outline(f), "request.id=req-1.a") {
		t.Errorf("the flow is %s", outline(f))
	}
}

func TestRequestIDsArePlainAndShort(t *testing.T) {
	t.Parallel()
	l := newLogged(t)
	for _, id := range []string{"", "a b", "x\r\ny", strings.Repeat("a", 73), "é"} {
		answer, records := l.get(t, "/nowhere", id)
		if made := answer.Header().Get("X-Request-Id"); len(made) != 32 || made == id {
			t.Errorf("for %q the request's id is %q", id, made)
		}
		if record := records[1]; record["status"] != 404.0 || record["level"] != "INFO" || record["route"] != "" {
			t.Errorf("an unknown path is logged as %v", record)
		}
	}
}

func TestRequestThatPanicsIsLogged(t *testing.T) {
	t.Parallel()
	l := newLogged(t)
	_, records := l.get(t, "/panic", "")
	if record := records[1]; record["status"] != 500.0 || record["level"] != "ERROR" || record["panic"] != "boom" || record["route"] != "/panic" {
		t.Errorf("a panic is logged as %v", record)
	}
	if all := l.tracker.ErrorPatterns(); len(all) != 1 || all[0].Pattern != "panic: boom" || all[0].Failed != 1 || all[0].Logged != 0 {
		t.Errorf("the patterns are %+v", all)
	}
}

// TestNothingIsSaidTwice when handlers and request loggers stand behind others
// of their kind.
func TestNothingIsSaidTwice(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	tracker := flow.New()
	inner := flow.NewHandler(slog.NewJSONHandler(&out, nil), nil)
	logger := slog.New(flow.NewHandler(discardInfo{inner}, nil))
	handler := http.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		flow.Logger(r.Context()).Error("odd")
	}))
	handler = flow.RequestLogger(logger)(flow.RequestLogger(logger)(handler))
	tracker.Middleware(handler).ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody))
	if n := strings.Count(out.String(), "trace_id"); n != 1 || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("the log is %s", out.String())
	}
	if f := tracker.Flows(1)[0].Spans[0]; len(f.Events) != 1 || tracker.ErrorPatterns()[0].Logged != 1 {
		t.Errorf("the flow is %+v", f)
	}
}

func TestRequestLoggerAlone(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	handler := flow.RequestLogger(slog.New(slog.NewJSONHandler(&out, nil)))(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
		flow.Logger(r.Context()).Info("within")
	}))
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody))
	records := written(t, &out)
	if len(records) != 3 || records[1]["request_id"] != records[0]["request_id"] || records[2]["status"] != 503.0 || records[2]["level"] != "ERROR" {
		t.Errorf("the log is %s", out.String())
	}
}

func ExampleLogger() {
	tracker := flow.New()
	ctx, op := tracker.Start(context.Background(), "checkout")
	defer op.End()
	// trace_id, span_id and operation come along, and the record is an event of the flow.
	flow.Logger(ctx).Debug("card charged", "cents", 1250)
}

func ExampleRequestLogger() {
	tracker := flow.New()
	logger := slog.New(flow.NewHandler(slog.DiscardHandler, &flow.LogOptions{
		Events:       slog.LevelWarn, // of the flow, from this level on
		DebugSampled: true,           // debug records of kept flows only,
		DebugEvery:   100,            // and of one in a hundred others
	}))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /products/{id}", func(w http.ResponseWriter, r *http.Request) {
		flow.Logger(r.Context()).Debug("looking up", "id", r.PathValue("id"))
		fmt.Fprintln(w, "request", flow.RequestID(r.Context()))
	})
	handler := tracker.Middleware(flow.RequestLogger(logger)(mux))

	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/products/7", http.NoBody)
	r.Header.Set("X-Request-Id", "a1")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Print(w.Body)
	// Output: request a1
}
