package flowhttp_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowscope/flowscope/flow"
	"github.com/flowscope/flowscope/flow/flowhttp"
)

// quiet is a log of what is expected.
func quiet(t *testing.T) *log.Logger {
	t.Helper()
	return log.New(io.Discard, "", 0)
}

// follower is a client of NDJSON lines.
type follower struct {
	lines  *bufio.Scanner
	cancel context.CancelFunc
	body   io.Closer
}

func follow(t *testing.T, server *httptest.Server, path string) *follower {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := server.Client().Do(r) //nolint:bodyclose // whoever follows closes it
	if err != nil {
		t.Fatal(err)
	}
	if got.StatusCode != http.StatusOK || got.Header.Get("Content-Type") != "application/x-ndjson" || got.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%s %v", got.Status, got.Header)
	}
	lines := bufio.NewScanner(got.Body)
	lines.Buffer(nil, 1<<20)
	return &follower{lines, cancel, got.Body}
}

// line is what both places say in a line.
type line struct {
	Type          string
	Name          string
	OperationName string
	Count         int
}

func (f *follower) next(t *testing.T) (l line) {
	t.Helper()
	if !f.lines.Scan() {
		t.Fatalf("there is no line: %v", f.lines.Err())
	}
	if err := json.Unmarshal(f.lines.Bytes(), &l); err != nil {
		t.Fatalf("%v in %s", err, f.lines.Bytes())
	}
	return l
}

// until waits for a condition.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); {
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
		<-time.After(time.Millisecond)
	}
}

func run(t *testing.T, tracker *flow.Tracker, name string) {
	t.Helper()
	_, op := tracker.Start(t.Context(), name)
	op.End()
}

// TestFollow follows in both places through a real connection, behind the
// middleware, until the client goes.
func TestFollow(t *testing.T) {
	tracker := flow.New()
	ended := make(chan string, 2)
	h := tracker.Middleware(mounted(tracker))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r)
		ended <- r.URL.Path
	}))
	defer server.Close()
	for _, path := range []string{"/debug/flow/flows?follow=true", "/debug/flow/api/v1/flows?follow=true"} {
		f := follow(t, server, path)
		rest := strings.Contains(path, "/api/")
		if rest {
			if l := f.next(t); l.Type != "heartbeat" {
				t.Errorf("%s begins with %+v", path, l)
			}
		}
		for i := range 3 {
			name := fmt.Sprintf("flow %d", i)
			run(t, tracker, name)
			if l := f.next(t); l.Name+l.OperationName != name {
				t.Errorf("%s says %+v, not %s", path, l, name)
			}
		}
		if totals := tracker.Totals(); totals.Active != 0 {
			t.Errorf("%d flows run", totals.Active)
		}
		f.cancel()
		f.body.Close()
		if got := <-ended; got != strings.TrimSuffix(path, "?follow=true") {
			t.Errorf("%s has ended", got)
		}
	}
}

// gate is a client that takes nothing for a while.
type gate struct {
	http.ResponseWriter
	text  strings.Builder
	open  chan struct{}
	wrote chan struct{} // one each time it waits
}

func (g *gate) Write(b []byte) (int, error) {
	g.wrote <- struct{}{}
	<-g.open
	return g.text.Write(b)
}

func (*gate) Flush() {}

// TestFollowSaysWhatItMissed has a slow client, and a history of ten flows.
func TestFollowSaysWhatItMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tracker := flow.New(flow.WithHistory(10, 1<<20))
		ctx, cancel := context.WithCancel(t.Context())
		g := &gate{ResponseWriter: httptest.NewRecorder(), open: make(chan struct{}), wrote: make(chan struct{}, 100)}
		done := make(chan struct{})
		go func() {
			defer close(done)
			mounted(tracker).ServeHTTP(g, request(http.MethodGet, "/debug/flow/flows?follow=true").WithContext(ctx))
		}()
		synctest.Wait()
		run(t, tracker, "first")
		<-g.wrote
		for i := range 50 {
			run(t, tracker, fmt.Sprintf("flow %d", i))
		}
		close(g.open)
		synctest.Wait()
		cancel()
		<-done
		lines := strings.Split(strings.TrimSpace(g.text.String()), "\n")
		if len(lines) != 12 || !strings.Contains(lines[0], `"first"`) || lines[1] != `{"count":40,"type":"dropped"}` ||
			!strings.Contains(lines[2], `"flow 40"`) || !strings.Contains(lines[11], `"flow 49"`) {
			t.Errorf("%d lines: %s", len(lines), g.text.String())
		}
	})
}

// TestAPIFollowSaysWhatItMissed has more flows end at a time than are kept to be told.
func TestAPIFollowSaysWhatItMissed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tracker := flow.New()
		ctx, cancel := context.WithCancel(t.Context())
		g := &gate{ResponseWriter: httptest.NewRecorder(), open: make(chan struct{}), wrote: make(chan struct{}, 100)}
		done := make(chan struct{})
		go func() {
			defer close(done)
			mounted(tracker).ServeHTTP(g, request(http.MethodGet, "/debug/flow/api/v1/flows?follow=true").WithContext(ctx))
		}()
		<-g.wrote // the heartbeat
		for range 20 {
			for range 200 {
				run(t, tracker, "get")
			}
			settle()
		}
		close(g.open)
		synctest.Wait()
		settle()
		cancel()
		<-done
		var told, missed int
		for text := range strings.Lines(g.text.String()) {
			var l line
			if err := json.Unmarshal([]byte(text), &l); err != nil {
				t.Fatalf("%v in %s", err, text)
			}
			switch l.Type {
			case "dropped":
				missed += l.Count
			case "flow_complete":
				told++
			}
		}
		if told < 100 || missed == 0 || told+missed != 4000 {
			t.Errorf("%d flows are told, %d are missed", told, missed)
		}
	})
}

// TestDashboardIsNotRecorded asks for everything behind the middleware.
func TestDashboardIsNotRecorded(t *testing.T) {
	tracker := flow.New()
	m := mounted(tracker)
	m.HandleFunc("GET /own", func(w http.ResponseWriter, _ *http.Request) {
		if totals := tracker.Totals(); totals.Active != 1 {
			t.Errorf("%d flows run", totals.Active)
		}
		if w := get(m, "/debug/flow/active"); !strings.Contains(w.Body.String(), `"request_path":"/own"`) {
			t.Errorf("it runs as %s", w.Body)
		}
	})
	h := tracker.Middleware(m)
	for _, path := range []string{"", "stats", "flows", "active", "api/v1/status", "api/v1/flows?status=active", "assets/none.js", "nowhere"} {
		if w := get(h, "/debug/flow/"+path); path == "active" && strings.Contains(w.Body.String(), "GET") {
			t.Errorf("the dashboard is active: %s", w.Body)
		}
	}
	r := request(http.MethodGet, "/debug/flow/stats")
	r.RemoteAddr = "192.0.2.1:1" // one that is refused is none of the service's, either
	answer(h, r)
	get(h, "/own")
	if totals := tracker.Totals(); totals.Flows != 1 || totals.Active != 0 || totals.HistoryFlows != 1 || len(tracker.Stats()) != 1 {
		t.Errorf("%+v", totals)
	}
}

// TestDashboardBehindATimeout is asked when its flow is complete already: a handler
// goes on behind http.TimeoutHandler.
func TestDashboardBehindATimeout(t *testing.T) {
	tracker := flow.New()
	_, other := tracker.Start(t.Context(), "other")
	ctx, op := tracker.Start(t.Context(), "request")
	op.End()
	answer(flowhttp.Handler(tracker), request(http.MethodGet, "/debug/flow/stats").WithContext(ctx))
	if totals := tracker.Totals(); totals.Active != 1 || totals.Flows != 1 || len(tracker.Active(0)) != 1 {
		t.Errorf("%+v", totals)
	}
	other.End()
}

// A server that shuts down waits for its requests, but not for who follows flows.
func TestFollowEndsWithTheServer(t *testing.T) {
	for _, path := range []string{"/debug/flow/flows?follow=true", "/debug/flow/api/v1/flows?follow=true"} {
		server := httptest.NewServer(mounted(flow.New()))
		defer server.Close()
		first, second := follow(t, server, path), follow(t, server, path)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if err := server.Config.Shutdown(ctx); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		for _, f := range []*follower{first, second} {
			for f.lines.Scan() { // to its end
			}
			if err := f.body.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}
