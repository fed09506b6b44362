package api

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/flowscope/flowscope/internal/api/apitest"
	"github.com/flowscope/flowscope/internal/live"
)

// lastRecord is the last record of the log.
func (f *fixture) lastRecord(t *testing.T) map[string]any {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(f.log.String()), "\n")
	var record map[string]any
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &record); err != nil {
		t.Fatalf("%v in %q", err, f.log)
	}
	return record
}

func TestLog(t *testing.T) {
	f := newFixture(t, nil)
	trace := strings.Repeat("ab", 16)
	f.get("/api/v1/services/cart?startTime=now-2m", "X-Request-Id", "id1", "Traceparent", "00-"+trace+"-0123456789abcdef-01")
	record := f.lastRecord(t)
	for key, want := range map[string]any{
		"level": "DEBUG", "request_id": "id1", "method": "GET", "route": "/api/v1/services/{serviceName}",
		"status": 200.0, "trace_id": trace,
	} {
		if record[key] != want {
			t.Errorf("%s is %v, want %v", key, record[key], want)
		}
	}
	f.get("/api/v1/services/nobody", "Traceparent", "00-xyz")
	if record = f.lastRecord(t); record["level"] != "INFO" || record["trace_id"] != nil {
		t.Errorf("record of a 404: %v", record)
	}
	f.reader.Fail = errors.New("disk on fire")
	p := problemIn(t, f.get("/api/v1/stats"))
	if p.Status != http.StatusInternalServerError || p.Code != "internal" || strings.Contains(p.Detail, "fire") {
		t.Errorf("problem %+v", p)
	}
	if record = f.lastRecord(t); record["level"] != "ERROR" || record["error"] != "disk on fire" {
		t.Errorf("record of a 500: %v", record)
	}
}

func TestPanic(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.Status = func() Status { panic("oh") } })
	if p := problemIn(t, f.get("/api/v1/status")); p.Status != http.StatusInternalServerError || p.Code != "internal" {
		t.Errorf("problem %+v", p)
	}
	if !strings.Contains(f.log.String(), "panic in request") {
		t.Errorf("log %s", f.log)
	}
	if w := f.get("/healthz"); w.Code != http.StatusOK {
		t.Errorf("after it: %d", w.Code)
	}
	if got := metric(t, f.registry, "flowscope_http_panics_total"); got != 1 {
		t.Errorf("%v panics counted", got)
	}
}

func metric(t *testing.T, g prometheus.Gatherer, name string) float64 {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() == name {
			return family.GetMetric()[0].GetCounter().GetValue()
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

// Whatever clients send, labels come from a fixed set.
func TestMetrics(t *testing.T) {
	f := newFixture(t, nil)
	for i := range 5 {
		f.get(fmt.Sprintf("/api/v1/operations/op%d/stats", i))
		f.do(fmt.Sprintf("M%d", i), "/api/v1/flows")
		f.get(fmt.Sprintf("/screen/%d", i))
	}
	want := `
# HELP flowscope_http_requests_total Requests answered by the API and dashboard server.
# TYPE flowscope_http_requests_total counter
flowscope_http_requests_total{code="200",method="GET",route="/"} 5
flowscope_http_requests_total{code="200",method="GET",route="/api/v1/operations/{operationName}/stats"} 5
flowscope_http_requests_total{code="405",method="other",route="/api/"} 5
`
	if err := testutil.GatherAndCompare(f.registry, strings.NewReader(want), "flowscope_http_requests_total"); err != nil {
		t.Error(err)
	}
	if w := f.get("/metrics"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "flowscope_http_request_duration_seconds_bucket") {
		t.Errorf("GET /metrics: %d %s", w.Code, w.Body)
	}
}

// Every answer about many flows says that a block is missing from it.
func TestPartialIsSaid(t *testing.T) {
	doc, f := loadOpenAPI(t), newFixture(t, nil)
	f.reader.Partial = true
	for _, name := range []string{
		"flows", "operations", "operation_stats", "operation_graph", "stats", "dependencies", "services", "service",
	} {
		url := apitest.Questions()[name]
		validate(t, doc, f, url)
		var answer struct{ Partial bool }
		if err := json.Unmarshal(f.get(url).Body.Bytes(), &answer); err != nil || !answer.Partial {
			t.Errorf("%s: partial %v, %v", name, answer.Partial, err)
		}
	}
}

func TestClientGone(t *testing.T) {
	f := newFixture(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w := httptest.NewRecorder()
	f.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/v1/flows", nil))
	if record := f.lastRecord(t); w.Code != 499 || record["level"] != "INFO" {
		t.Errorf("%d, log %v", w.Code, record)
	}
}

func TestHostCheck(t *testing.T) {
	f := newFixture(t, func(c *Config) {
		c.CheckHost, c.AllowedHosts = true, []string{"Flows.example.com", "other.example.com:443"}
	})
	for host, want := range map[string]int{
		"localhost:4319": 200, "LOCALHOST": 200, "127.0.0.1:4319": 200, "127.0.0.2": 200, "[::1]:4319": 200, "[::1]": 200,
		"flows.example.com": 200, "flows.example.com:443": 200, "other.example.com": 200,
		"10.0.0.1:4319": 200, "[fd00::1]:4319": 200,
		"evil.example.com": 421, "localhost.evil.example.com": 421, "10.0.0.1.example.com": 421, "": 421,
	} {
		r := httptest.NewRequest(http.MethodGet, "/api/v1/status", nil)
		r.Host = host
		w := httptest.NewRecorder()
		f.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("host %q is answered with %d, want %d", host, w.Code, want)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Host = "evil.example.com"
	w := httptest.NewRecorder()
	newFixture(t, nil).ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Errorf("without the check: %d", w.Code)
	}
}

func TestCompression(t *testing.T) {
	f := newFixture(t, nil)
	w := f.get("/api/v1/flows", "Accept-Encoding", "gzip")
	if w.Header().Get("Content-Encoding") != "gzip" {
		t.Fatalf("header %v", w.Header())
	}
	body, err := gzip.NewReader(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	var list struct{ Total int }
	if err := json.NewDecoder(body).Decode(&list); err != nil || list.Total != 14 {
		t.Errorf("%d flows (%v)", list.Total, err)
	}
	if plain := f.get("/api/v1/flows"); plain.Header().Get("Content-Encoding") != "" {
		t.Errorf("compressed without being asked: %v", plain.Header())
	}
}

func TestReady(t *testing.T) {
	f := newFixture(t, func(c *Config) {
		c.Ready = func() Readiness { return Readiness{Components: map[string]string{"store": "starting"}} }
	})
	w := f.get("/readyz")
	if w.Code != http.StatusServiceUnavailable || w.Body.String() != `{"ready":false,"components":{"store":"starting"}}` {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if w := newFixture(t, nil).get("/readyz"); w.Code != http.StatusOK {
		t.Errorf("ready: %d %s", w.Code, w.Body)
	}
}

func TestPprof(t *testing.T) {
	with := newFixture(t, func(c *Config) { c.Pprof = true })
	if w := with.get("/debug/pprof/"); !strings.Contains(w.Body.String(), "goroutine") {
		t.Errorf("with: %d %s", w.Code, w.Body)
	}
	if p := problemIn(t, newFixture(t, nil).get("/debug/pprof/heap")); p.Status != http.StatusNotFound || !strings.Contains(p.Detail, "--pprof") {
		t.Errorf("without: %+v", p)
	}
}

// A server says that it is one.
func TestStatus(t *testing.T) {
	golden(t, "status", newFixture(t, nil).get("/api/v1/status").Body.Bytes())
}

// What is nothing else is the dashboard's.
func TestDashboard(t *testing.T) {
	f := newFixture(t, nil)
	for _, path := range []string{"/", "/flows/0123"} {
		w := f.get(path)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "Flowscope") || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("GET %s: %d %v %s", path, w.Code, w.Header(), w.Body)
		}
	}
	if p := problemIn(t, f.get("/assets/index-old.js")); p.Status != http.StatusNotFound {
		t.Errorf("%+v", p)
	}
	if _, err := New(Config{Live: live.New(live.Config{}), Dashboard: fstest.MapFS{}, Registry: prometheus.NewRegistry()}); err == nil || !strings.Contains(err.Error(), "index.html") {
		t.Errorf("without a dashboard: %v", err)
	}
}
