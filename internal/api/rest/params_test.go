package rest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Bad input is refused with the code, the field at fault and what is accepted.
func TestBadParameters(t *testing.T) {
	f := newFixture(t, nil)
	for _, c := range []struct{ url, code, field, detail string }{
		{"/api/v1/flows?operaton=login", "unknown_parameter", "operaton", "operation, environment"},
		{"/api/v1/status?x=", "unknown_parameter", "x", "none"},
		{"/api/v1/flows/" + strings.Repeat("a", 32) + "?graph=true", "unknown_parameter", "graph", "none"},
		{"/api/v1/flows?status=error&status=success", "invalid_parameter", "status", "2 times"},
		{"/api/v1/flows?status=failed", "invalid_parameter", "status", "success, error, timeout"},
		{"/api/v1/flows?sort=name", "invalid_parameter", "sort", "time, duration"},
		{"/api/v1/flows?graph=yes", "invalid_parameter", "graph", "true, false"},
		{"/api/v1/flows?page=0", "invalid_parameter", "page", "1 to 1000000"},
		{"/api/v1/flows?page=99999999999999999999", "invalid_parameter", "page", "1 to 1000000"},
		{"/api/v1/flows?pageSize=201", "invalid_parameter", "pageSize", "1 to 200"},
		{"/api/v1/services?pageSize=1001", "invalid_parameter", "pageSize", "1 to 1000"},
		{"/api/v1/flows?minDuration=250", "invalid_parameter", "minDuration", "250ms"},
		{"/api/v1/flows?maxDuration=-1s", "invalid_parameter", "maxDuration", "250ms"},
		{"/api/v1/flows?minDuration=2s&maxDuration=1s", "invalid_parameter", "minDuration", "longer than maxDuration"},
		{"/api/v1/stats?startTime=yesterday", "invalid_parameter", "startTime", "RFC 3339"},
		{"/api/v1/stats?endTime=now-", "invalid_parameter", "endTime", "now-1h"},
		{"/api/v1/stats?endTime=2500-01-01T00:00:00Z", "invalid_parameter", "endTime", "1970 to 2200"},
		{"/api/v1/stats?startTime=now&endTime=now-1h", "invalid_parameter", "startTime", "not before endTime"},
		{"/api/v1/stats?startTime=now&endTime=now", "invalid_parameter", "startTime", "not before endTime"},
		{"/api/v1/stats?a=%zz", "invalid_parameter", "", "malformed"},
		{"/api/v1/stats?a;b", "invalid_parameter", "", "malformed"},
		{"/api/v1/traces?page=1", "unknown_parameter", "page", "cursor"},
		{"/api/v1/traces?limit=201", "invalid_parameter", "limit", "1 to 200"},
		{"/api/v1/traces?kind=SERVER", "invalid_parameter", "kind", "server, client"},
		{"/api/v1/traces?spanStatus=failed", "invalid_parameter", "spanStatus", "unset, ok, error"},
		{"/api/v1/traces?minSpanDuration=2s&maxSpanDuration=1s", "invalid_parameter", "minSpanDuration", "longer than maxSpanDuration"},
		{"/api/v1/traces?attribute=key", "invalid_parameter", "attribute", "key=value"},
		{"/api/v1/traces?attribute=resource.%3Dx", "invalid_parameter", "attribute", "key=value"},
		{"/api/v1/traces?attribute=a%3D~(", "invalid_parameter", "attribute", "missing closing )"},
		{"/api/v1/traces?" + strings.Repeat("attribute=a%3Db&", 17), "invalid_parameter", "attribute", "16 are accepted"},
		{"/api/v1/traces?cursor=abc", "invalid_parameter", "cursor", "not a cursor"},
		{"/api/v1/traces/123", "invalid_trace_id", "traceId", "32 hexadecimal digits"},
		{"/api/v1/flows/" + strings.Repeat("0", 32), "invalid_trace_id", "flowId", "32 hexadecimal digits"},
		{"/api/v1/traces/" + strings.Repeat("g", 32), "invalid_trace_id", "traceId", "32 hexadecimal digits"},
		{"/api/v1/traces/" + strings.Repeat("a", 32) + "?format=jaeger", "invalid_parameter", "format", "otlp"},
	} {
		t.Run(c.url, func(t *testing.T) {
			p := problemIn(t, f.get(c.url))
			if p.Status != http.StatusBadRequest || p.Code != c.code || p.Field != c.field || !strings.Contains(p.Detail, c.detail) {
				t.Errorf("got %+v", p)
			}
		})
	}
}

func TestNotFound(t *testing.T) {
	f := newFixture(t, nil)
	for path, code := range map[string]string{
		"/api/v1/flows/" + strings.Repeat("a", 32):  "not_found",
		"/api/v1/traces/" + strings.Repeat("A", 32): "not_found",
		"/api/v1/services/nobody":                   "not_found",
		"/api/v1/nothing":                           "no_such_endpoint",
		"/api/v2/flows":                             "no_such_endpoint",
		"/api/v1/operations/GET /cart/stats/more":   "no_such_endpoint",
	} {
		p := problemIn(t, f.get(strings.ReplaceAll(path, " ", "%20")))
		if p.Status != http.StatusNotFound || p.Code != code {
			t.Errorf("%s: %+v", path, p)
		}
	}
}

func TestMethodNotAllowed(t *testing.T) {
	f := newFixture(t, nil)
	for _, path := range []string{"/api/v1/flows", "/api/v1/services/cart"} {
		w := f.do(http.MethodPost, path)
		if p := problemIn(t, w); p.Status != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
			t.Errorf("POST %s: %+v", path, p)
		}
	}
	if w := f.do(http.MethodHead, "/api/v1/flows"); w.Code != http.StatusOK {
		t.Errorf("HEAD: %d", w.Code)
	}
}

// Names may hold whatever a URL has a meaning for.
func TestOperationNames(t *testing.T) {
	f := newFixture(t, nil)
	for _, name := range []string{"GET /cart", "http://a//b/../c", "50%", "a+b c", "ü?#&=", "/", "stats"} {
		w := f.get("/api/v1/operations/" + url.PathEscape(name) + "/graph")
		var got struct{ OperationName string }
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != http.StatusOK || got.OperationName != name {
			t.Errorf("%q is taken for %q: %d", name, got.OperationName, w.Code)
		}
	}
	if w := f.get("/api/v1/operations/%2F/compare"); problemIn(t, w).Field != "baseline" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
