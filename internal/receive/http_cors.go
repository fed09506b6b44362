package receive

import (
	"net/http"
	"slices"
)

// origins are the web origins that may send, by the Fetch standard's CORS
// protocol. Requests carry no cookies, so credentials are never allowed.
type origins []string

// answer adds what a browser needs to see, and answers preflights itself: it
// reports whether the request is done with.
func (o origins) answer(w http.ResponseWriter, r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || len(o) == 0 {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	preflight := r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
	switch {
	case slices.Contains(o, "*"):
		h.Set("Access-Control-Allow-Origin", "*")
	case slices.Contains(o, origin):
		h.Set("Access-Control-Allow-Origin", origin)
	case preflight:
		w.WriteHeader(http.StatusForbidden)
		return true
	default:
		return false // the browser keeps the answer from the page
	}
	if !preflight {
		h.Set("Access-Control-Expose-Headers", "Retry-After, X-Request-Id")
		return false
	}
	h.Set("Access-Control-Allow-Methods", http.MethodPost)
	// Exporters are configured with headers of their users' choice, so an
	// origin that may send may send any.
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		h.Set("Access-Control-Allow-Headers", asked)
	}
	h.Set("Access-Control-Max-Age", "7200") // the most that Chromium keeps
	w.WriteHeader(http.StatusNoContent)
	return true
}
