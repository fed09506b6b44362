package flowhttp_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/flowscope/flowscope/flow"
	"github.com/flowscope/flowscope/flow/flowhttp"
)

var update = flag.Bool("update", false, "rewrite what the golden files in testdata expect")

// plain makes an answer the same each time: ids by the order they come in,
// nothing that depends on the machine.
func plain(t *testing.T, answer []byte) string {
	t.Helper()
	names := map[string]string{}
	id := regexp.MustCompile(`"([0-9a-f]{16}|[0-9a-f]{32}|[A-Z2-7]{26})"`)
	answer = id.ReplaceAllFunc(answer, func(found []byte) []byte {
		name := names[string(found)]
		if name == "" {
			name = fmt.Sprintf("%q", fmt.Sprintf("id-%d", len(names)+1))
			names[string(found)] = name
		}
		return []byte(name)
	})
	machine := regexp.MustCompile(`"(goroutines|cpu_count|alloc_mb|total_alloc_mb|sys_mb|num_gc|heapBytes|history_bytes|historyBytes)":\d+`)
	answer = machine.ReplaceAll(answer, []byte(`"$1":0`))
	answer = regexp.MustCompile(`"cursor":"[^"]+"`).ReplaceAll(answer, []byte(`"cursor":"…"`))
	answer = regexp.MustCompile(`"runtime":\{.*?"at":"[^"]*"\}`).ReplaceAll(answer, []byte(`"runtime":{}`))
	var out bytes.Buffer
	if err := json.Indent(&out, answer, "", "  "); err != nil {
		t.Fatalf("%v in %s", err, answer)
	}
	return strings.TrimSpace(out.String()) + "\n"
}

// TestShapes holds every endpoint to what it answered before.
func TestShapes(t *testing.T) {
	answers := map[string]*httptest.ResponseRecorder{}
	synctest.Test(t, func(t *testing.T) {
		tracker := shop(t)
		h := mounted(tracker)
		order := lastID(t, tracker, "POST /orders")
		for name, path := range map[string]string{
			"stats": "stats", "operations": "operations", "flows": "flows?limit=2", "flow": "flows/" + order,
			"active": "active", "dependencies": "dependencies", "health": "health",
			"api_status": "api/v1/status", "api_flows": "api/v1/flows", "api_flow": "api/v1/flows/" + order,
			"api_active": "api/v1/flows?status=active", "api_trace": "api/v1/traces/" + order,
			"api_trace_otlp": "api/v1/traces/" + order + "?format=otlp", "api_traces": "api/v1/traces?status=error",
			"api_operations": "api/v1/operations", "api_graph": "api/v1/operations/GET%20%2Fproducts%2F%7Bid%7D/graph",
			"api_operation": "api/v1/operations/checkout/stats", "api_stats": "api/v1/stats",
			"api_dependencies": "api/v1/dependencies", "api_services": "api/v1/services",
		} {
			answers[name] = get(h, "/debug/flow/"+path)
		}
	})
	for name, w := range answers {
		t.Run(name, func(t *testing.T) { checkShape(t, name, w) })
	}
}

func checkShape(t *testing.T, name string, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" ||
		w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("X-Content-Type-Options") != "nosniff" ||
		w.Header().Get("X-Request-Id") == "" {
		t.Fatalf("%d %v %s", w.Code, w.Header(), w.Body)
	}
	got := plain(t, w.Body.Bytes())
	file := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the answer is\n%s\nnot as in %s", got, file)
	}
}

// TestMetrics is asked as Prometheus asks.
func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := mounted(shop(t))
		for accept, want := range map[string]string{
			"":                             "text/plain; version=0.0.4; charset=utf-8",
			"application/openmetrics-text": "application/openmetrics-text; version=1.0.0; charset=utf-8",
		} {
			w := get(h, "/debug/flow/metrics", "Accept", accept)
			text := w.Body.String()
			if w.Code != http.StatusOK || w.Header().Get("Content-Type") != want || w.Header().Get("Cache-Control") != "no-store" ||
				!strings.Contains(text, `flow_operation_errors_total{`) || !strings.Contains(text, "load product") {
				t.Errorf("%q: %d %v %s", accept, w.Code, w.Header(), text)
			}
		}
	})
}

// TestScreensAndData asks for what is both: a browser that navigates gets the screen.
func TestScreensAndData(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tracker := shop(t)
		h := mounted(tracker)
		const navigation = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
		for _, path := range []string{"/debug/flow/operations", "/debug/flow/flows/" + lastID(t, tracker, "orders")} {
			for accept, want := range map[string]string{
				navigation: "text/html; charset=utf-8", "*/*": "application/json", "application/json": "application/json", "": "application/json",
			} {
				w := get(h, path, "Accept", accept)
				if w.Code != http.StatusOK || w.Header().Get("Content-Type") != want || w.Header().Get("Vary") != "Accept" {
					t.Errorf("%s as %q: %d %v", path, accept, w.Code, w.Header())
				}
			}
		}
		for _, path := range []string{"/debug/flow/", "/debug/flow/no/such/screen"} {
			w := get(h, path, "Accept", navigation)
			if policy := w.Header().Get("Content-Security-Policy"); w.Code != http.StatusOK || !strings.Contains(policy, "default-src 'self'") ||
				!strings.Contains(policy, "frame-ancestors 'none'") || w.Header().Get("Referrer-Policy") != "no-referrer" || !strings.Contains(w.Body.String(), "<html") {
				t.Errorf("%s: %d %v", path, w.Code, w.Header())
			}
		}
	})
}

func TestRefusals(t *testing.T) {
	h := http.NewServeMux() // the usual pattern is for GET alone
	h.Handle("/debug/flow/", flowhttp.Handler(flow.New()))
	for _, c := range []struct {
		method, path, code, field string
		status                    int
	}{
		{"GET", "flows?limit=0", "invalid_parameter", "limit", 400},
		{"GET", "flows?limit=x", "invalid_parameter", "limit", 400},
		{"GET", "flows?limit=", "invalid_parameter", "limit", 400},
		{"GET", "flows?limit=1&limit=2", "invalid_parameter", "limit", 400},
		{"GET", "flows?follow=yes", "invalid_parameter", "follow", 400},
		{"GET", "flows?follow=true&limit=3", "invalid_parameter", "limit", 400},
		{"GET", "flows?page=2", "unknown_parameter", "page", 400},
		{"GET", "flows?limit=%zz", "invalid_parameter", "", 400},
		{"GET", "stats?x=1", "unknown_parameter", "x", 400},
		{"GET", "flows/xyz", "invalid_parameter", "id", 400},
		{"GET", "flows/0123456789abcdef0123456789abcdef", "not_found", "", 404},
		{"GET", "api/v1/flows?limit=3", "unknown_parameter", "limit", 400},
		{"GET", "api/v1/flows?startTime=soon", "invalid_parameter", "startTime", 400},
		{"GET", "api/v1/traces/0123456789abcdef0123456789abcdef", "not_found", "", 404},
		{"GET", "api/v1/nothing", "no_such_endpoint", "", 404},
		{"GET", "api", "no_such_endpoint", "", 404},
		{"GET", "in-flight", "no_such_endpoint", "", 404},
		{"GET", "health/", "no_such_endpoint", "", 404},
		{"GET", "flows/0123456789abcdef0123456789abcdef/", "no_such_endpoint", "", 404},
		{"HEAD", "operation", "no_such_endpoint", "", 404},
		{"GET", "assets/index-gone.js", "not_found", "", 404},
		{"POST", "stats", "method_not_allowed", "", 405},
		{"DELETE", "flows/0123456789abcdef0123456789abcdef", "method_not_allowed", "", 405},
		{"POST", "api/v1/flows", "method_not_allowed", "", 405},
	} {
		w := answer(h, request(c.method, "/debug/flow/"+c.path))
		if p := refused(t, w); p.Status != c.status || p.Code != c.code || p.Field != c.field {
			t.Errorf("%s %s: %+v", c.method, c.path, p)
		}
		if c.status == http.StatusMethodNotAllowed && w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("%s %s allows %q", c.method, c.path, w.Header().Get("Allow"))
		}
	}
}

func TestHead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tracker := shop(t)
		h := mounted(tracker)
		for path, want := range map[string]string{
			"": "text/html; charset=utf-8", "stats": "application/json", "flows": "application/json", "health": "application/json",
			"flows?follow=true": "application/x-ndjson", "api/v1/flows?follow=true": "application/x-ndjson", "api/v1/stats": "application/json",
		} {
			w := answer(h, request(http.MethodHead, "/debug/flow/"+path))
			if w.Code != http.StatusOK || w.Header().Get("Content-Type") != want {
				t.Errorf("HEAD %s: %d %v", path, w.Code, w.Header())
			}
		}
	})
}
