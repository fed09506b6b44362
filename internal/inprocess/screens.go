package inprocess

import (
	"io/fs"
	"net/http"
	"slices"
	"strings"

	"github.com/flowscope/flowscope/internal/api/rest"
	"github.com/flowscope/flowscope/web"
)

// endpoints are the plain ones, by the names they have below the prefix.
var endpoints = []string{"stats", "operations", "flows", "active", "dependencies", "health", "metrics"}

// isOwn reports whether a name below the prefix is an endpoint or a file of the
// dashboard.
func isOwn(name string) bool { return slices.Contains(endpoints, name) || isFile(name) }

func isFile(name string) bool {
	info, err := fs.Stat(web.Files(), name)
	return err == nil && info.Mode().IsRegular()
}

// wantsPage reports whether a browser navigates.
func wantsPage(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }

// orNothing answers with the page at its own path, and to browsers wherever they
// navigate. Who mistypes an endpoint is told so.
func orNothing(screens http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimPrefix(r.URL.Path, "/")
		read := r.Method == http.MethodGet || r.Method == http.MethodHead
		if read && name != "" && !strings.HasPrefix(name, "assets/") && !isFile(name) {
			w.Header().Set("Vary", "Accept")
			if !wantsPage(r) {
				rest.WriteProblem(w, r, &rest.Problem{Status: http.StatusNotFound, Code: "no_such_endpoint",
					Detail: "there are " + strings.Join(endpoints, ", ") + " and api/v1/"})
				return
			}
		}
		screens.ServeHTTP(w, r)
	})
}

// orScreen answers a browser that navigates with a screen.
func orScreen(screen, data http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Vary", "Accept")
		if wantsPage(r) {
			screen.ServeHTTP(w, r)
			return
		}
		data.ServeHTTP(w, r)
	})
}
