package api

import (
	"net/http"

	"github.com/flowscope/flowscope/internal/api/rest"
)

// guarded answers those who may ask. Probes, which have no secrets, may always.
func (s *server) guarded(next http.Handler) http.Handler {
	if s.Guard == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		isProbe := r.URL.Path == "/healthz" || r.URL.Path == "/readyz"
		if err := s.Guard(r); err != nil && !isProbe {
			rest.Refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}
