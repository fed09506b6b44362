package api

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/flowscope/flowscope/internal/live"
	"github.com/flowscope/flowscope/internal/model"
)

// counted is a flow that was counted.
func counted(operation string, status model.FlowStatus) *model.Flow {
	return &model.Flow{FlowSummary: &model.FlowSummary{
		TraceID: model.TraceID{1}, Operation: operation, Environment: "production", Status: status, SpanCount: 3,
		Start: now.UnixNano(), End: now.UnixNano() + 5, Duration: 5, Services: []model.Node{{Name: "web"}},
	}}
}

// fits holds a JSON text to a schema of the description.
func fits(t *testing.T, doc *openapi3.T, schema string, text []byte) (v map[string]any) {
	t.Helper()
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if err := doc.Components.Schemas[schema].Value.VisitJSON(v); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
	return v
}

// lineReader reads an answer of lines while it goes on.
type lineReader struct {
	t   *testing.T
	doc *openapi3.T
	*bufio.Scanner
}

func followLines(t *testing.T, f *fixture, query string) *lineReader {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/api/v1/flows?follow=true"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "gzip") // which is not to hold lines back
	answer, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != ndjsonType || answer.Header.Get("Content-Encoding") != "" {
		t.Fatalf("%s %v", answer.Status, answer.Header)
	}
	return &lineReader{t, loadOpenAPI(t), bufio.NewScanner(answer.Body)}
}

func (l *lineReader) expect(kind string) map[string]any {
	l.t.Helper()
	if !l.Scan() {
		l.t.Fatalf("no more lines: %v", l.Err())
	}
	v := fits(l.t, l.doc, "FollowLine", l.Bytes())
	if v["type"] != kind {
		l.t.Fatalf("want %s, got %s", kind, l.Bytes())
	}
	return v
}

func TestFollowFlows(t *testing.T) {
	f := newFixture(t, nil)
	lines := followLines(t, f, "&operation=login&status=error")
	lines.expect("heartbeat")
	f.live.Complete(counted("login", model.FlowSuccess), nil)
	f.live.Complete(counted("pay", model.FlowError), nil)
	f.live.Complete(counted("login", model.FlowError), nil)
	f.live.Flush()
	line := lines.expect("flow_complete")
	if line["operationName"] != "login" || line["status"] != "error" || line["duration"] != 5.0 {
		t.Errorf("%v", line)
	}
	f.live.Complete(counted("login", model.FlowError), nil)
	f.live.Flush()
	lines.expect("flow_complete")
	again := followLines(t, f, "&cursor="+line["cursor"].(string)) //nolint:errcheck,forcetypeassert // a fault of the test
	again.expect("heartbeat")
	again.expect("flow_complete")
	gap := followLines(t, f, "&cursor=elsewhere.1")
	gap.expect("heartbeat")
	if d := gap.expect("dropped"); d["reason"] != "gap" || d["count"] != nil {
		t.Errorf("%v", d)
	}
	f.live.Close()
	for gap.Scan() {
		fits(t, gap.doc, "FollowLine", gap.Bytes())
	}
	if lines.Scan() || lines.Err() != nil || gap.Err() != nil {
		t.Errorf("at the end: %s %v %v", lines.Text(), lines.Err(), gap.Err())
	}
}

func TestFollowRefuses(t *testing.T) {
	f := newFixture(t, nil)
	for query, want := range map[string]string{
		"follow=true&page=2":           "unknown_parameter page",
		"follow=true&startTime=now-1h": "unknown_parameter startTime",
		"follow=true&status=active":    "invalid_parameter status",
		"follow=true&minDuration=x":    "invalid_parameter minDuration",
		"follow=true&cursor=x":         "invalid_parameter cursor",
		"follow=yes":                   "invalid_parameter follow",
		"cursor=x.1":                   "invalid_parameter cursor",
	} {
		p := problemIn(t, f.get("/api/v1/flows?"+query))
		if p.Status != http.StatusBadRequest || p.Code+" "+p.Field != want {
			t.Errorf("%s: %+v", query, p)
		}
	}
	if s := f.live.Stats(); s.Followers != 0 {
		t.Errorf("%+v", s)
	}
	full := newFixture(t, func(c *Config) { c.Live = live.New(live.Config{Followers: -1}) })
	if p := problemIn(t, full.get("/api/v1/flows?follow=true")); p.Status != http.StatusServiceUnavailable || p.Code != "too_many_followers" {
		t.Errorf("%+v", p)
	}
	f.live.Close()
	if p := problemIn(t, f.get("/api/v1/flows?follow=true")); p.Status != http.StatusServiceUnavailable || p.Code != "stopping" {
		t.Errorf("%+v", p)
	}
}

// A request for the header alone is not kept waiting for lines.
func TestFollowHead(t *testing.T) {
	f := newFixture(t, nil)
	if w := f.do(http.MethodHead, "/api/v1/flows?follow=true"); w.Code != http.StatusOK || w.Header().Get("Content-Type") != ndjsonType {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if s := f.live.Stats(); s.Followers != 0 {
		t.Errorf("%+v", s)
	}
}

func TestFollowHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 2*heartbeatEvery+time.Second)
		defer cancel()
		w := httptest.NewRecorder()
		f.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/v1/flows?follow=true", nil))
		if got := w.Body.String(); got != strings.Repeat(`{"type":"heartbeat"}`+"\n", 3) {
			t.Errorf("%s", got)
		}
		if w := f.get("/metrics"); strings.Contains(w.Body.String(), `duration_seconds_count{route="/api/v1/flows"}`) {
			t.Error("how long a client follows is counted as the time of an answer")
		}
	})
}
