package api

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// checkHost refuses requests that came under a name this server does not go
// by, when it is told to check.
func (s *server) checkHost(next http.Handler) http.Handler {
	if !s.CheckHost {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host := hostname(r.Host); !isLoopback(host) && !slices.Contains(s.AllowedHosts, host) {
			writeProblem(w, r, &problem{Status: http.StatusMisdirectedRequest, Code: "unknown_host",
				Detail: "this server listens on loopback and does not answer to that Host; allow it in the configuration if it should"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostname is a Host header without its port and brackets, in lower case.
func hostname(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.ToLower(strings.Trim(host, "[]"))
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}
