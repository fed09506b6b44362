package dashboard

import (
	"encoding/json"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/flowscope/flowscope/internal/api/rest"
)

const page = `<!doctype html><head><base href="/" /><title>Flowscope</title></head>`

func files(index string) fs.FS {
	return fstest.MapFS{
		"index.html":          {Data: []byte(index)},
		"favicon.svg":         {Data: []byte("<svg/>")},
		"assets/index-abc.js": {Data: []byte("console.log(1)")},
	}
}

func ask(t *testing.T, h http.Handler, method, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w
}

func newDashboard(t *testing.T, index, prefix string) http.Handler {
	t.Helper()
	h, err := New(files(index), prefix)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestDashboard(t *testing.T) {
	h := newDashboard(t, page, "")
	for _, c := range []struct{ path, body, cache, contentType string }{
		{"/", page, "no-cache", "text/html"},
		{"/index.html", page, "no-cache", "text/html"},
		{"/flows/0123", page, "no-cache", "text/html"},
		{"/operations?environment=a%20b", page, "no-cache", "text/html"},
		{"/favicon.svg", "<svg/>", "no-cache", "image/svg+xml"},
		{"/assets/index-abc.js", "console.log(1)", "immutable", "text/javascript"},
	} {
		w := ask(t, h, http.MethodGet, c.path)
		if w.Code != http.StatusOK || w.Body.String() != c.body ||
			!strings.Contains(w.Header().Get("Cache-Control"), c.cache) ||
			!strings.HasPrefix(w.Header().Get("Content-Type"), c.contentType) {
			t.Errorf("GET %s: %d %v %s", c.path, w.Code, w.Header(), w.Body)
		}
		policy := w.Header().Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'self'") || !strings.Contains(policy, "frame-ancestors 'none'") ||
			!strings.Contains(policy, "base-uri 'self'") || strings.Contains(policy, "script-src") {
			t.Errorf("GET %s: %v", c.path, w.Header())
		}
	}
	if w := ask(t, h, http.MethodHead, "/"); w.Code != http.StatusOK || w.Body.Len() != 0 {
		t.Errorf("HEAD: %d %s", w.Code, w.Body)
	}
	w := ask(t, h, http.MethodPost, "/flows/1")
	if p := problemIn(t, w); p.Status != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %+v", p)
	}
}

func problemIn(t *testing.T, w *httptest.ResponseRecorder) (p rest.Problem) {
	t.Helper()
	if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Status != w.Code {
		t.Fatalf("%d is no problem: %s", w.Code, w.Body)
	}
	return p
}

// The page says where it lies, so that what it names is found there.
func TestBase(t *testing.T) {
	for _, c := range []struct{ index, prefix, want string }{
		{page, "/debug/flow", `<!doctype html><head><base href="/debug/flow/" /><title>Flowscope</title></head>`},
		{`<base href="/">`, "/a", `<base href="/a/">`},
		{`<base href="/">`, `/"><script>&`, `<base href="/&#34;&gt;&lt;script&gt;&amp;/">`},
		{`<title>no base</title>`, "/debug/flow", `<title>no base</title>`},
	} {
		w := ask(t, newDashboard(t, c.index, c.prefix), http.MethodGet, "/operations")
		if got := w.Body.String(); got != c.want {
			t.Errorf("%s below %s is %s", c.index, c.prefix, got)
		}
	}
}

// A script that is gone must not be answered with a page.
func TestMissingAsset(t *testing.T) {
	w := ask(t, newDashboard(t, page, ""), http.MethodGet, "/assets/index-old.js")
	if p := problemIn(t, w); p.Status != http.StatusNotFound || strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("%v %+v", w.Header(), p)
	}
}

func TestMustBeBuilt(t *testing.T) {
	if _, err := New(fstest.MapFS{}, ""); err == nil || !strings.Contains(err.Error(), "index.html") {
		t.Errorf("error %v", err)
	}
}
