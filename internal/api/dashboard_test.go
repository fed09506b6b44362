package api

import (
	"net/http"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/prometheus/client_golang/prometheus"
)

func TestDashboard(t *testing.T) {
	f := newFixture(t, nil)
	for _, c := range []struct{ path, body, cache, contentType string }{
		{"/", "Flowscope", "no-cache", "text/html"},
		{"/flows/0123", "Flowscope", "no-cache", "text/html"},
		{"/operations?environment=a%20b", "Flowscope", "no-cache", "text/html"},
		{"/favicon.svg", "<svg/>", "no-cache", "image/svg+xml"},
		{"/assets/index-abc.js", "console.log", "immutable", "text/javascript"},
	} {
		w := f.get(c.path)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), c.body) ||
			!strings.Contains(w.Header().Get("Cache-Control"), c.cache) ||
			!strings.HasPrefix(w.Header().Get("Content-Type"), c.contentType) {
			t.Errorf("GET %s: %d %v %s", c.path, w.Code, w.Header(), w.Body)
		}
		policy := w.Header().Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'self'") || !strings.Contains(policy, "frame-ancestors 'none'") ||
			strings.Contains(policy, "script-src") || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("GET %s: %v", c.path, w.Header())
		}
	}
}

// A script that is gone must not be answered with a page.
func TestMissingAsset(t *testing.T) {
	w := newFixture(t, nil).get("/assets/index-old.js")
	if p := problemIn(t, w); p.Status != http.StatusNotFound || strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("%v %+v", w.Header(), p)
	}
}

func TestDashboardMustBeBuilt(t *testing.T) {
	_, err := New(Config{Dashboard: fstest.MapFS{}, Registry: prometheus.NewRegistry()})
	if err == nil || !strings.Contains(err.Error(), "index.html") {
		t.Errorf("error %v", err)
	}
}
