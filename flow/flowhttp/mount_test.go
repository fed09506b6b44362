package flowhttp_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/flowscope/flowscope/flow"
	"github.com/flowscope/flowscope/flow/flowhttp"
)

// whole is a router that leaves paths and requests as they are, as most that are
// not http.ServeMux do.
func whole(prefix string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, prefix) {
			http.NotFound(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// mux has one pattern.
func mux(pattern string, h http.Handler) http.Handler {
	m := http.NewServeMux()
	m.Handle(pattern, h)
	return m
}

// named is a router that says which of its own patterns served a request.
func named(pattern string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Pattern = pattern
		h.ServeHTTP(w, r)
	})
}

var (
	baseTag = regexp.MustCompile(`<base href="([^"]*)"`)
	script  = regexp.MustCompile(`src="\.?/?(assets/[^"]+\.js)"`)
)

// TestAnyPrefixAndRouter loads, wherever the handler is mounted, the page, its script,
// a deep link, data, and data below a name with a slash.
func TestAnyPrefixAndRouter(t *testing.T) {
	tracker := flow.New(flow.WithService("shop"))
	_, op := tracker.Start(t.Context(), "GET /a/b")
	op.End()
	plain := flowhttp.Handler(tracker)
	at := func(prefix string) http.Handler { return flowhttp.Handler(tracker, flowhttp.WithPrefix(prefix)) }
	strip := http.StripPrefix
	for name, c := range map[string]struct {
		h    http.Handler
		base string // as the client sees it
	}{
		"mux":                              {mux("/debug/flow/", plain), "/debug/flow/"},
		"mux with method":                  {mux("GET /internal/flow/", plain), "/internal/flow/"},
		"mux with host":                    {mux("GET localhost/x/", plain), "/x/"},
		"mux with rest":                    {mux("/x/y/{rest...}", plain), "/x/y/"},
		"mux with variable":                {mux("/{tenant}/flow/", plain), "/a%2Fb/flow/"},
		"mux at the root":                  {mux("/", plain), "/"},
		"mux with escapes":                 {mux("/é/", plain), "/%C3%A9/"},
		"stripped":                         {mux("/debug/flow/", strip("/debug/flow", plain)), "/debug/flow/"},
		"stripped elsewhere":               {mux("/x/", strip("/x", plain)), "/x/"},
		"stripped without a mux":           {strip("/x/y", plain), "/x/y/"},
		"nested":                           {mux("/app/", strip("/app", mux("/debug/flow/", plain))), "/app/debug/flow/"},
		"nested at the root":               {mux("/app/", strip("/app", mux("/", plain))), "/app/"},
		"nested and stripped twice":        {mux("/app/", strip("/app", mux("/f/", strip("/f", plain)))), "/app/f/"},
		"nested muxes":                     {mux("/app/", mux("/app/flow/", plain)), "/app/flow/"},
		"a router of paths, default":       {whole("/debug/flow", plain), "/debug/flow/"},
		"a router of paths, below":         {whole("/svc/debug/flow", plain), "/svc/debug/flow/"},
		"a router of paths, told":          {whole("/internal/f", at("/internal/f")), "/internal/f/"},
		"told with a slash":                {whole("/internal/f", at("/internal/f/")), "/internal/f/"},
		"told without one":                 {whole("/internal/f", at("internal/f")), "/internal/f/"},
		"told and stripped":                {mux("/x/", strip("/x", at("/x"))), "/x/"},
		"told and partly stripped":         {strip("/app", whole("/f", at("/app/f"))), "/app/f/"},
		"chi":                              {named("/x/y/*", plain), "/x/y/"},
		"chi with a variable":              {named("/{tenant}/y/*", plain), "/acme/y/"},
		"chi within chi":                   {named("/f/*", whole("/admin/f", plain)), "/admin/f/"},
		"echo with a variable":             {named("/:tenant/y/*", plain), "/acme/y/"},
		"a pattern of something else":      {named("/other/", whole("/debug/flow", plain)), "/debug/flow/"},
		"a router of paths, not told":      {whole("/internal/f", plain), "/internal/f/"},
		"one that is at the root":          {plain, "/"},
		"not told, of names like its own":  {whole("/flows/stats", plain), "/flows/stats/"},
		"not told, below a version":        {whole("/v1/assets/x", plain), "/v1/assets/x/"},
		"stripped from a path of a router": {strip("/app", whole("/debug/flow", plain)), "/app/debug/flow/"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, screen := range []string{"", "operations", "flows/0123456789abcdef0123456789abcdef"} {
				w := get(c.h, c.base+screen, "Accept", "text/html")
				if found := baseTag.FindStringSubmatch(w.Body.String()); w.Code != http.StatusOK || found == nil || found[1] != c.base {
					t.Fatalf("%s: %d %v has base %q, want %s", screen, w.Code, w.Header(), found, c.base)
				}
			}
			found := script.FindStringSubmatch(get(c.h, c.base, "Accept", "text/html").Body.String())
			if found == nil {
				t.Fatal("the page has no script")
			}
			if w := get(c.h, c.base+found[1]); w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Content-Type"), "javascript") {
				t.Errorf("%s: %d %v", found[1], w.Code, w.Header())
			}
			if got := decoded[struct{ Service string }](t, get(c.h, c.base+"stats")); got.Service != "shop" {
				t.Errorf("stats are %+v", got)
			}
			graph := get(c.h, c.base+"api/v1/operations/"+url.PathEscape("GET /a/b")+"/graph")
			if got := decoded[struct{ OperationName string }](t, graph); got.OperationName != "GET /a/b" {
				t.Errorf("graph is %+v", got)
			}
		})
	}
}

// TestProxyThatChangesPaths is one that answers /ext/flow with what is at
// /debug/flow, and says nothing of it.
func TestProxyThatChangesPaths(t *testing.T) {
	h := mux("/debug/flow/", flowhttp.Handler(flow.New(), flowhttp.WithPrefix("/ext/flow")))
	if found := baseTag.FindStringSubmatch(get(h, "/debug/flow/operations", "Accept", "text/html").Body.String()); found == nil || found[1] != "/ext/flow/" {
		t.Errorf("the base is %q", found)
	}
	if w := get(h, "/debug/flow/health"); w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestWithoutItsSlash asks for the mount itself.
func TestWithoutItsSlash(t *testing.T) {
	plain := flowhttp.Handler(flow.New())
	m := http.NewServeMux()
	m.Handle("GET /debug/flow", plain)
	m.Handle("GET /debug/flow/", plain)
	for name, h := range map[string]http.Handler{
		"mux": m, "router": whole("/debug/flow", plain), "stripped": http.StripPrefix("/debug/flow", plain),
	} {
		w := get(h, "/debug/flow", "Accept", "text/html")
		if found := baseTag.FindStringSubmatch(w.Body.String()); w.Code != http.StatusOK || found == nil || found[1] != "/debug/flow/" {
			t.Errorf("%s: %d %v %q", name, w.Code, w.Header(), found)
		}
	}
}

// TestBesideTheServicesOwnPatterns registers where a pattern without a method
// would not fit.
func TestBesideTheServicesOwnPatterns(t *testing.T) {
	m := http.NewServeMux()
	m.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "home") })
	flow.RegisterHandlers(m)
	if w := get(m, "/"); w.Body.String() != "home" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	for _, path := range []string{"/debug/flow", "/debug/flow/", "/debug/flow/flows/x"} {
		if found := baseTag.FindStringSubmatch(get(m, path, "Accept", "text/html").Body.String()); found == nil || found[1] != "/debug/flow/" {
			t.Errorf("%s has base %q", path, found)
		}
	}
}

// TestHostilePaths sends what must not get into the page as anything but a path
// of the same host, to routers that let it through.
func TestHostilePaths(t *testing.T) {
	plain := flowhttp.Handler(flow.New())
	for _, path := range []string{
		`//evil.example/debug/flow/`, `///evil.example/debug/flow/x`, `/\evil.example/debug/flow/`, `/%5Cevil.example/debug/flow/`,
		`/"><script>alert(1)</script>/debug/flow/`, `/%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E/debug/flow/`,
		`/'&lt;/debug/flow/`, `/a?b#c/debug/flow/`, `/javascript:alert(1)/debug/flow/`, `/../../debug/flow/`, `/%2e%2e/debug/flow/`,
		"/a\x00\n/debug/flow/", `/%2F%2Fevil.example/debug/flow/`, `/é/debug/flow/`,
	} {
		r := request(http.MethodGet, "/", "Accept", "text/html")
		r.URL = &url.URL{Path: path}
		if unescaped, err := url.PathUnescape(path); err == nil && unescaped != path {
			r.URL = &url.URL{Path: unescaped, RawPath: path}
		}
		r.RequestURI = path
		w := answer(plain, r)
		found := baseTag.FindStringSubmatch(w.Body.String())
		if w.Code != http.StatusOK || found == nil {
			t.Errorf("%q: %d, base %q", path, w.Code, found)
			continue
		}
		page, err := url.Parse("http://localhost:8080/some/where")
		if err != nil {
			t.Fatal(err)
		}
		base, err := page.Parse(unescapeHTML(found[1]))
		if err != nil || base.Host != "localhost:8080" || base.Scheme != "http" || base.RawQuery != "" || base.Fragment != "" ||
			strings.ContainsAny(found[1], "\"<>\\\x00\n ") || strings.HasPrefix(found[1], "//") || found[1][0] != '/' {
			t.Errorf("%q has base %q (%v)", path, found[1], err)
		}
	}
}

func unescapeHTML(s string) string { return strings.NewReplacer("&amp;", "&", "&#39;", "'").Replace(s) }

// TestUntidyPaths are answered where they are: a redirect would not know the prefix.
func TestUntidyPaths(t *testing.T) {
	h := whole("/debug/flow", flowhttp.Handler(flow.New()))
	for _, path := range []string{"/debug/flow//stats", "/debug/flow/./stats", "/debug/flow/x/../stats", "/debug/flow/../stats"} {
		r := request(http.MethodGet, "/")
		r.URL.Path, r.RequestURI = path, path
		if w := answer(h, r); w.Code != http.StatusOK {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
}

func TestManyPrefixesAreNotRemembered(t *testing.T) {
	h := mux("/{tenant}/flow/", flowhttp.Handler(flow.New()))
	for i := range 100 {
		base := fmt.Sprintf("/t%d/flow/", i)
		if found := baseTag.FindStringSubmatch(get(h, base, "Accept", "text/html").Body.String()); found == nil || found[1] != base {
			t.Fatalf("%s has base %q", base, found)
		}
	}
}

// TestTwoHandlersShareOneView counts each flow once however many handlers there are.
func TestTwoHandlersShareOneView(t *testing.T) {
	tracker := flow.New()
	a, b := mounted(tracker), mux("/other/", flowhttp.Handler(tracker))
	if first, second := tracker.View(), tracker.View(); first != second {
		t.Error("there are two views")
	}
	_, op := tracker.Start(t.Context(), "get")
	op.End()
	for path, h := range map[string]http.Handler{"/debug/flow/": a, "/other/": b} {
		got := decoded[struct{ Operations []struct{ Count int } }](t, get(h, path+"api/v1/operations"))
		if len(got.Operations) != 1 || got.Operations[0].Count != 1 {
			t.Errorf("%s answers %+v", path, got)
		}
	}
}
