package api

import (
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// contentPolicy lets the dashboard load nothing but this server's own files.
// Only style attributes may be inline: that is how things are placed.
const contentPolicy = "default-src 'self'; style-src-attr 'unsafe-inline'; object-src 'none'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// dashboard serves the built single-page dashboard. A path that is no file is
// a screen of it, so it gets index.html.
type dashboard struct {
	files fs.FS
	serve http.Handler
}

func newDashboard(files fs.FS) (*dashboard, error) {
	if _, err := fs.Stat(files, "index.html"); err != nil {
		return nil, fmt.Errorf("open dashboard: %w", err)
	}
	return &dashboard{files: files, serve: http.FileServerFS(files)}, nil
}

func (d *dashboard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		writeProblem(w, r, &problem{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed",
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
		http.ServeFileFS(w, r, d.files, "index.html")
	}
}

// asset serves a file whose name holds a hash of its content, so that it may
// be kept for good. A missing one is a 404: an old page asking for a script
// must not get a page.
func (d *dashboard) asset(w http.ResponseWriter, r *http.Request, name string) {
	if !d.isFile(name) {
		writeProblem(w, r, &problem{Status: http.StatusNotFound, Code: "not_found",
			Detail: "this server's dashboard has no such file; reload the page"})
		return
	}
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	d.serve.ServeHTTP(w, r)
}

func (d *dashboard) isFile(name string) bool {
	info, err := fs.Stat(d.files, name)
	return err == nil && info.Mode().IsRegular()
}
