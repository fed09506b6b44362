package flow_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/flowscope/flowscope/flow"
)

// TestMiddlewareWritesToTheConsole is not parallel: NewMiddleware sets the
// default tracker.
func TestMiddlewareWritesToTheConsole(t *testing.T) {
	stdout, before := os.Stdout, flow.Default()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout = write
	defer func() {
		os.Stdout = stdout
		flow.SetDefault(before)
	}()
	handler := flow.NewMiddleware()(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, finish := flow.StartSpan(r.Context(), "fetch")
		defer finish()
		flow.AddTag(ctx, "db.query", "SELECT 1")
		flow.AddTag(ctx, "rows", 3)
		flow.AddTag(ctx, "age", time.Second)
		_, _ = io.WriteString(w, "done")
	}))
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/api/data", nil))
	if err := flow.Default().Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	write.Close()
	line, err := io.ReadAll(read)
	if err != nil {
		t.Fatal(err)
	}
	text, found := strings.CutPrefix(string(line), "FLOW_LOG: ")
	var got struct {
		TraceID string `json:"trace_id"`
		Spans   []struct {
			SpanID     string         `json:"span_id"`
			ParentID   string         `json:"parent_id"`
			Name       string         `json:"name"`
			Start      time.Time      `json:"start_time"`
			End        time.Time      `json:"end_time"`
			DurationMs *float64       `json:"duration_ms"`
			Tags       map[string]any `json:"tags"`
		} `json:"spans"`
	}
	if err := json.Unmarshal([]byte(text), &got); err != nil || !found || strings.Count(text, "\n") != 1 {
		t.Fatalf("%v in %q", err, line)
	}
	if len(got.TraceID) != 32 || len(got.Spans) != 2 {
		t.Fatalf("the flow is %+v", got)
	}
	root, child := got.Spans[0], got.Spans[1]
	if root.Name != "GET" || child.Name != "fetch" || child.ParentID != root.SpanID || root.DurationMs == nil ||
		child.Tags["db.query"] != "SELECT 1" || child.Tags["rows"] != 3.0 || child.Tags["age"] != "1s" {
		t.Errorf("the flow is %+v", got)
	}
}

func TestFinishRecordsPanicThatGoesOn(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	tracker := flow.New(flow.WithExporter(&flow.ConsoleExporter{Writer: &out}))
	handler := tracker.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, finish := flow.StartSpan(r.Context(), "fetch")
		defer finish()
		panic("no database")
	}))
	func() {
		defer func() {
			if cause := recover(); cause != "no database" {
				t.Errorf("the panic is %v", cause)
			}
		}()
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	}()
	if err := tracker.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(out.String(), `"error":"panic: no database"`); got != 2 {
		t.Errorf("%d operations failed in %s", got, out.String())
	}
}

func TestTagsOutsideOfFlowsAndFinishTwice(t *testing.T) {
	t.Parallel()
	flow.AddTag(context.Background(), "nobody", "home")
	tracker := flow.New()
	ctx, op := tracker.Start(t.Context(), "root")
	ctx, finish := flow.StartSpan(ctx, "step")
	finish()
	finish()
	flow.AddTag(ctx, "too", "late")
	op.End()
	if f := tracker.Flows(0); len(f) != 1 || len(f[0].Spans) != 2 || len(f[0].Spans[1].Attrs) != 0 {
		t.Errorf("recorded %+v", f)
	}
}

func ExampleNewMiddleware() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", func(w http.ResponseWriter, r *http.Request) {
		ctx, finish := flow.StartSpan(r.Context(), "load order")
		defer finish()
		flow.AddTag(ctx, "db.query", "SELECT * FROM orders WHERE id = ?")
		fmt.Fprintln(w, "order processed")
	})
	// Without options flows go to the standard output.
	track := flow.NewMiddleware(flow.WithExporter(&flow.ConsoleExporter{Writer: namesOnly{}}))
	server := httptest.NewServer(track(mux))
	defer server.Close()

	answer, err := http.Get(server.URL + "/orders/7")
	if err != nil {
		fmt.Println(err)
		return
	}
	answer.Body.Close()
	server.Close() // waits for the request to end
	if err := flow.Default().Shutdown(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// FLOW_LOG: GET /orders/{id}
	// FLOW_LOG: load order
}

// namesOnly prints of each line what does not change from run to run.
type namesOnly struct{}

func (namesOnly) Write(p []byte) (int, error) {
	prefix, text, _ := strings.Cut(string(p), " ")
	var f struct{ Spans []struct{ Name string } }
	if err := json.Unmarshal([]byte(text), &f); err != nil {
		return 0, err
	}
	for _, s := range f.Spans {
		fmt.Println(prefix, s.Name)
	}
	return len(p), nil
}
