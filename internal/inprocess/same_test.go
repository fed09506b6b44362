package inprocess_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowscope/flowscope/flow"
	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/api/rest"
	"github.com/flowscope/flowscope/internal/decode"
	"github.com/flowscope/flowscope/internal/inprocess"
	"github.com/flowscope/flowscope/internal/live"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/query"
	"github.com/flowscope/flowscope/internal/query/querytest"
)

// mall is a tracker of a service with databases, a queue, retries, failures,
// nested and lasting work, late operations and runs that come back.
func mall(t *testing.T) *flow.Tracker {
	t.Helper()
	tracker := flow.New(flow.WithService("mall"), flow.WithEnvironment("test"), flow.WithResource(flow.String("service.namespace", "eu")))
	tracker.View()
	for i := range 40 {
		ctx, op := tracker.StartSpec(t.Context(), flow.Spec{Name: fmt.Sprintf("GET /%d", i%3), Kind: flow.Server})
		for k := range i % 4 {
			inner, step := flow.Start(ctx, "load", flow.String("db.system.name", "sqlite"))
			pass(time.Duration(i+k) * time.Millisecond)
			if i%5 == 0 {
				step.Fail(errors.New("locked"))
			}
			_, deep := flow.Start(inner, "deep")
			deep.End()
			step.End()
		}
		_, send := tracker.StartSpec(ctx, flow.Spec{Name: "send", Kind: flow.Producer})
		send.Set(flow.String("messaging.system", "kafka"), flow.String("messaging.destination.name", "orders"))
		send.End()
		if i%6 == 0 {
			op.Fail(errors.New("deadline exceeded"))
		}
		if i%10 == 0 {
			op.SetOperation("checkout")
			_, back := tracker.StartSpec(t.Context(), flow.Spec{Name: "GET /inner", Parent: send.SpanContext()})
			back.End()
		}
		if i%8 == 0 {
			_, lasting := flow.Start(ctx, "lasting")
			op.End()
			pass(40 * time.Second)
			lasting.End()
			continue
		}
		op.End()
	}
	pass(time.Second)
	return tracker
}

func pass(d time.Duration) { <-time.After(d) }

// begun is a server's reader that says when it began, as a process does.
type begun struct {
	*querytest.Reader
	at time.Time
}

func (b begun) Began() time.Time { return b.at }

// server is the API of a server that was sent the same spans.
func server(t *testing.T, process http.Handler, ids []string, began time.Time) http.Handler {
	t.Helper()
	var batches []*model.Batch
	for _, id := range ids {
		r := httptest.NewRequest(http.MethodGet, "/api/v1/traces/"+id, nil)
		r.Header.Set("Accept", "application/x-protobuf")
		w := httptest.NewRecorder()
		process.ServeHTTP(w, r)
		b := &model.Batch{}
		if _, err := decode.Proto(b, w.Body.Bytes()); err != nil || b.Len() == 0 {
			t.Fatalf("%v in %s", err, w.Body)
		}
		b.Seal()
		batches = append(batches, b)
	}
	hub := live.New(live.Config{})
	t.Cleanup(hub.Close)
	mux := http.NewServeMux()
	held := begun{querytest.New(analyze.Config{}, batches...), began}
	rest.New(rest.Config{Query: query.New(held, analyze.Config{}, time.Now), Live: hub, Now: time.Now}).Mount(mux, "")
	return mux
}

// TestAnswersAsAServer asks a process, and a server that was sent its spans, the
// same questions.
func TestAnswersAsAServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tracker := mall(t)
		process := inprocess.New(tracker.View(), inprocess.Config{Guard: func(*http.Request) error { return nil }})
		var ids []string
		paths := []string{
			"flows", "flows?status=error", "flows?pageSize=7&page=2", "flows?minDuration=20ms&operation=GET%20%2F1", "traces", "traces?status=timeout",
			"traces?spanName=deep", "traces?minSpanDuration=10ms&sort=duration", "operations", "operations/checkout/stats", "operations/checkout/graph",
			"operations/GET%20%2F1/graph", "operations/GET%20%2F1/stats", "stats", "dependencies", "services", "services/mall",
		}
		seen := map[string]bool{}
		for _, f := range tracker.Flows(0) {
			if id := f.TraceID.String(); !seen[id] {
				seen[id] = true
				ids = append(ids, id)
				paths = append(paths, "flows/"+id, "traces/"+id, "traces/"+id+"?format=otlp")
			}
		}
		if len(ids) != 40 {
			t.Fatalf("there are %d flows", len(ids))
		}
		other := server(t, process, ids, tracker.Totals().Since)
		for _, path := range paths {
			ours, theirs := ask(t, process, path), ask(t, other, path)
			for part := range ours {
				if part != "scanned" && !reflect.DeepEqual(ours[part], theirs[part]) { // a process has no blocks
					t.Errorf("%s: %s of the process is\n%s\nthat of the server\n%s", path, part, text(t, ours[part]), text(t, theirs[part]))
				}
			}
		}
	})
}

func ask(t *testing.T, h http.Handler, path string) (answer map[string]any) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/v1/"+path, nil))
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%s: %d %v %s", path, w.Code, err, w.Body)
	}
	return answer
}

func text(t *testing.T, v any) string {
	t.Helper()
	out, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
