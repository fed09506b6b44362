package inprocess

import (
	"net/http"
	"net/url"
	"path"
	"strings"
	"sync"
)

// split is the prefix that a request came below, as its client sees it, and the
// path that is left. Both are escaped as in a URL: an operation's name may hold
// slashes. What a client sends ends up in the page's base, so that the prefix
// has one slash in front and never names another host.
func (c *Config) split(r *http.Request) (prefix, below string) {
	full := r.URL.EscapedPath()
	outer := stripped(r.RequestURI, full)
	if said := path.Clean("/" + c.Prefix); said != "/" {
		p := (&url.URL{Path: said}).EscapedPath()
		return p, tidy(c.below(p, r.Pattern, outer, full))
	}
	inner, below := find(r.Pattern, outer, full)
	return strings.TrimSuffix(path.Clean("/"+outer+inner), "/"), tidy(below)
}

// below is the path below a prefix that is known, of which routers and proxies
// may have taken any part.
func (c *Config) below(prefix, pattern, outer, full string) string {
	if rest, found := under(full, prefix); found {
		return rest
	}
	if inner, found := strings.CutPrefix(prefix, outer); found && outer != "" {
		if rest, found := under(full, inner); found {
			return rest
		}
	}
	_, rest := find(pattern, outer, full)
	return rest
}

// stripped is what http.StripPrefix or the like took off the path.
func stripped(requestURI, full string) string {
	u, err := url.ParseRequestURI(requestURI)
	if err != nil {
		return ""
	}
	outer, found := strings.CutSuffix(u.EscapedPath(), full)
	if !found {
		return ""
	}
	return outer
}

// find finds the handler's own part of a path: by the router's pattern, else by
// DefaultPrefix, else by what the handler serves.
func find(pattern, outer, full string) (prefix, rest string) {
	if segments, known := segmentsOf(pattern); known {
		if p, fits := lead(segments, outer+full); fits && outer != "" && p == outer {
			return "", full // it was stripped behind the router
		}
		// A router within another knows only its own part.
		for at := 0; at >= 0 && at < len(full); at = next(full, at) {
			if p, fits := lead(segments, full[at:]); fits {
				return full[:at+len(p)], full[at+len(p):]
			}
		}
	}
	at := strings.Index(full+"/", DefaultPrefix+"/")
	switch {
	case outer != "" && at != 0:
		return "", full
	case at < 0:
		at = tail(full)
		return full[:at], full[at:]
	}
	return full[:at+len(DefaultPrefix)], full[at+len(DefaultPrefix):]
}

// tail is where the end of a path begins that is one of the handler's own: of a
// path without one the whole is the prefix, as who asks for the mount itself has it.
func tail(full string) int {
	if at := strings.LastIndex(full, "/api/v1/"); at >= 0 {
		return at
	}
	last := strings.LastIndexByte(full, '/')
	if last < 0 {
		return len(full)
	}
	above := strings.LastIndexByte(full[:last], '/') + 1
	switch {
	case last > 0 && last+1 < len(full) && (full[above:last] == "flows" || full[above:last] == "assets"):
		return above - 1
	case isOwn(full[last+1:]):
		return last
	}
	return len(full)
}

// next is where the segment behind the one at a slash begins, -1 when it is the
// last.
func next(full string, at int) int {
	slash := strings.IndexByte(full[at+1:], '/')
	if slash < 0 {
		return -1
	}
	return at + 1 + slash
}

// segmentsOf is the path of a router's pattern up to where it matches anything:
// a slash at the end, {rest...}, {$} or, as other routers write it, *.
func segmentsOf(pattern string) (segments []string, known bool) {
	if at := strings.IndexByte(pattern, ' '); at >= 0 {
		pattern = strings.TrimLeft(pattern[at:], " \t")
	}
	at := strings.IndexByte(pattern, '/')
	if at < 0 {
		return nil, false
	}
	for s := range strings.SplitSeq(pattern[at+1:], "/") {
		if s == "" || s == "{$}" || s[0] == '*' || strings.HasSuffix(s, "...}") {
			break
		}
		segments = append(segments, s)
	}
	return segments, true
}

// lead is the beginning of a path that fits the segments of a pattern.
func lead(segments []string, full string) (prefix string, fits bool) {
	rest := full
	for _, s := range segments {
		if rest == "" || rest[0] != '/' {
			return "", false
		}
		end := next(rest, 0)
		if end < 0 {
			end = len(rest)
		}
		if got, err := url.PathUnescape(rest[1:end]); err != nil || s[0] != '{' && s[0] != ':' && got != s {
			return "", false
		}
		rest = rest[end:]
	}
	return full[:len(full)-len(rest)], true
}

// under is what is left of a path behind a prefix.
func under(path, prefix string) (rest string, found bool) {
	rest, found = strings.CutPrefix(path, prefix)
	return rest, found && (rest == "" || rest[0] == '/')
}

// tidy is a path that http.ServeMux has nothing to redirect from: it knows
// nothing of the prefix that would have to be in front.
func tidy(below string) string {
	clean := path.Clean("/" + below)
	if clean != "/" && strings.HasSuffix(below, "/") || clean == "/api" {
		clean += "/"
	}
	return clean
}

// below is a request for what is left of its path.
func below(r *http.Request, path string) *http.Request {
	inner, address := *r, *r.URL
	address.RawPath = path
	if unescaped, err := url.PathUnescape(path); err == nil { // it was escaped by package url
		address.Path = unescaped
	}
	inner.URL = &address
	return &inner
}

// mounts are the handlers of the prefixes that requests came below.
type mounts struct {
	mu       sync.Mutex
	byPrefix map[string]http.Handler
}

// maxMounts bounds how many prefixes are remembered. One is usual; a pattern with
// variables has as many as clients think of.
const maxMounts = 16

func (m *mounts) at(prefix string, mount func(string) (http.Handler, error)) (http.Handler, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if h := m.byPrefix[prefix]; h != nil {
		return h, nil
	}
	h, err := mount(prefix)
	if err != nil {
		return nil, err
	}
	if m.byPrefix == nil || len(m.byPrefix) == maxMounts {
		m.byPrefix = map[string]http.Handler{}
	}
	m.byPrefix[prefix] = h
	return h, nil
}
