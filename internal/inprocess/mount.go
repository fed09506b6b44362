package inprocess

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/flowscope/flowscope/internal/api/dashboard"
	"github.com/flowscope/flowscope/internal/api/rest"
	"github.com/flowscope/flowscope/web"
)

// split is the prefix that a request came below, and the path that is left.
func (c *Config) split(r *http.Request) (prefix, path string) {
	full := r.URL.Path
	if p := strings.TrimSuffix(c.Prefix, "/"); p != "" {
		if rest, found := under(full, p); found {
			return p, rest
		}
		return p, full // it was stripped
	}
	if p := literal(r.Pattern); p != "" {
		if rest, found := under(full, p); found {
			return p, rest
		}
	}
	if u, err := url.ParseRequestURI(r.RequestURI); err == nil {
		if p, found := strings.CutSuffix(u.Path, full); found && p != "" {
			return p, full
		}
	}
	if at := strings.Index(full, DefaultPrefix); at >= 0 {
		p := full[:at+len(DefaultPrefix)]
		if rest, found := under(full, p); found {
			return p, rest
		}
	}
	return "", full
}

// under is what is left of a path behind a prefix.
func under(path, prefix string) (rest string, found bool) {
	rest, found = strings.CutPrefix(path, prefix)
	if !found || rest != "" && rest[0] != '/' {
		return "", false
	}
	if rest == "" {
		rest = "/"
	}
	return rest, true
}

// literal is the path of a ServeMux pattern up to its first variable, without a
// slash at the end.
func literal(pattern string) string {
	if at := strings.IndexByte(pattern, ' '); at >= 0 {
		pattern = strings.TrimLeft(pattern[at:], " \t")
	}
	at := strings.IndexByte(pattern, '/')
	if at < 0 {
		return ""
	}
	path, _, _ := strings.Cut(pattern[at:], "{")
	return strings.TrimRight(path, "/")
}

// mounts are the handlers of the prefixes that requests came below.
type mounts struct {
	mu       sync.Mutex
	byPrefix map[string]http.Handler
}

// maxMounts bounds how many prefixes are remembered. One is usual.
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

func newScreens(prefix string) (http.Handler, error) { return dashboard.New(web.Files(), prefix) }

// ErrUnauthorized is the error of a guard that wants to know who asks: a browser
// asks its user for a password.
var ErrUnauthorized = errors.New("a token is needed: as a bearer token, or as the password of HTTP basic authentication")

// refuse answers a request that the guard does not let pass.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := &rest.Problem{Status: http.StatusForbidden, Code: "forbidden", Detail: err.Error()}
	if errors.Is(err, ErrUnauthorized) {
		p.Status, p.Code = http.StatusUnauthorized, "unauthorized"
		w.Header().Set("WWW-Authenticate", `Basic realm="flows", charset="UTF-8"`)
	}
	rest.WriteProblem(w, r, p)
}
