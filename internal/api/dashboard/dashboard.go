package dashboard

import (
	"bytes"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"github.com/flowscope/flowscope/internal/api/rest"
)

// contentPolicy lets the dashboard load nothing but this server's own files.
// Only style attributes may be inline: that is how things are placed.
const contentPolicy = "default-src 'self'; style-src-attr 'unsafe-inline'; object-src 'none'; " +
	"base-uri 'self'; form-action 'none'; frame-ancestors 'none'"

// rootBase is the beginning of the tag by which the built page says that it
// lies at the root.
const rootBase = `<base href="/"`

// handler serves the built single-page dashboard.
type handler struct {
	files fs.FS
	serve http.Handler
	page  []byte // index.html
	built time.Time
}

// New returns the handler of the built dashboard, whose index.html is at the
// root of files. Requests come to it with paths below prefix, which is cut off
// already; the page finds its files and the API there by its base. The prefix
// is empty or begins with a slash and ends without one, escaped as in a URL.
func New(files fs.FS, prefix string) (http.Handler, error) {
	page, err := fs.ReadFile(files, "index.html")
	if err != nil {
		return nil, fmt.Errorf("open dashboard: %w", err)
	}
	info, err := fs.Stat(files, "index.html")
	if err != nil {
		return nil, fmt.Errorf("open dashboard: %w", err)
	}
	base := `<base href="` + html.EscapeString(prefix+"/") + `"`
	return &handler{
		files: files, serve: http.FileServerFS(files), built: info.ModTime(),
		page: bytes.Replace(page, []byte(rootBase), []byte(base), 1),
	}, nil
}

func (d *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		rest.WriteProblem(w, r, &rest.Problem{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed",
			Detail: "the dashboard is read with GET"})
		return
	}
	h := w.Header()
	h.Set("Content-Security-Policy", contentPolicy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Frame-Options", "DENY")
	name := strings.TrimPrefix(path.Clean(r.URL.Path), "/")
	switch {
	case strings.HasPrefix(name, "assets/"):
		d.asset(w, r, name)
	case d.isFile(name) && name != "index.html":
		h.Set("Cache-Control", "no-cache")
		d.serve.ServeHTTP(w, r)
	default:
		h.Set("Cache-Control", "no-cache")
		http.ServeContent(w, r, "index.html", d.built, bytes.NewReader(d.page))
	}
}

// asset serves a file whose name holds a hash of its content, so that it may
// be kept for good. A missing one is a 404: an old page asking for a script
// must not get a page.
func (d *handler) asset(w http.ResponseWriter, r *http.Request, name string) {
	if !d.isFile(name) {
		rest.WriteProblem(w, r, &rest.Problem{Status: http.StatusNotFound, Code: "not_found",
			Detail: "this server's dashboard has no such file; reload the page"})
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	d.serve.ServeHTTP(w, r)
}

func (d *handler) isFile(name string) bool {
	info, err := fs.Stat(d.files, name)
	return err == nil && info.Mode().IsRegular()
}
