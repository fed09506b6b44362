package inprocess

import (
	"net/http"
	"net/url"
	"path"
	"strings"
	"testing"
)

// FuzzSplit holds the prefix, which gets into the page, to a path of the same
// host, and what is below it to one that a mux takes as it is.
func FuzzSplit(f *testing.F) {
	for _, s := range [][4]string{
		{"/debug/flow/stats", "/debug/flow/stats", "GET /debug/flow/", ""},
		{"/app/debug/flow/a%2Fb", "/debug/flow/a%2Fb", "/debug/flow/", ""},
		{"/app/f/x", "/x", "/app/f/", "/app/f"},
		{"//evil.example/debug/flow/", "//evil.example/debug/flow/", "", ""},
		{`/\evil.example/debug/flow/`, `/\evil.example/debug/flow/`, "/{x}/debug/flow/{rest...}", ""},
		{"http://h/a/../b?x#y", "*", "/:a/*", "a//b/"},
		{"/%2e%2e/%00", "/..%2f..", "host/{a...}", "/é \"<"},
	} {
		f.Add(s[0], s[1], s[2], s[3])
	}
	f.Fuzz(func(t *testing.T, requestURI, escaped, pattern, said string) {
		u := &url.URL{Path: escaped}
		if p, err := url.PathUnescape(escaped); err == nil {
			u = &url.URL{Path: p, RawPath: escaped}
		}
		r := &http.Request{URL: u, RequestURI: requestURI, Pattern: pattern}
		prefix, rest := (&Config{Prefix: said}).split(r)
		base, err := url.Parse("http://here.example/x")
		if err != nil {
			t.Fatal(err)
		}
		if base, err = base.Parse(prefix + "/"); err != nil || base.Host != "here.example" || base.RawQuery != "" || base.Fragment != "" ||
			strings.ContainsAny(prefix, "\\\"<> ?#\x00\n") || strings.HasSuffix(prefix, "/") || prefix != "" && prefix[0] != '/' {
			t.Errorf("the prefix is %q: %v", prefix, err)
		}
		if rest[0] != '/' || strings.TrimSuffix(rest, "/") != strings.TrimSuffix(path.Clean(rest), "/") {
			t.Errorf("what is left is %q", rest)
		}
		if inner := below(r, rest); inner.URL.EscapedPath() != rest {
			t.Errorf("%q is asked for as %q", rest, inner.URL.EscapedPath())
		}
	})
}
