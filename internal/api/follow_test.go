package api

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

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
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "application/x-ndjson" || answer.Header.Get("Content-Encoding") != "" {
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

// A client that nothing came for yet can go on after a cut, too.
func TestFollowResumesFromHeartbeat(t *testing.T) {
	f := newFixture(t, nil)
	beat := followLines(t, f, "&operation=login").expect("heartbeat")
	f.live.Complete(counted("login", model.FlowError), nil)
	f.live.Flush()
	again := followLines(t, f, "&operation=login&cursor="+beat["cursor"].(string)) //nolint:errcheck,forcetypeassert // a fault of the test
	if first := again.expect("heartbeat"); first["cursor"] != beat["cursor"] {
		t.Errorf("%v, then %v", beat, first)
	}
	again.expect("flow_complete")
}

// How long a client follows is not counted as the time of an answer.
func TestFollowIsNotTimed(t *testing.T) {
	f := newFixture(t, nil)
	f.live.Close()
	f.get("/api/v1/flows?follow=true")
	if w := f.get("/metrics"); strings.Contains(w.Body.String(), `duration_seconds_count{route="/api/v1/flows"}`) ||
		!strings.Contains(w.Body.String(), `requests_total{code="503",method="GET",route="/api/v1/flows"} 1`) {
		t.Errorf("%s", w.Body)
	}
}
