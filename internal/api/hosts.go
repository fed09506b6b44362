package api

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/flowscope/flowscope/internal/api/rest"
)

// checkHost refuses requests that came under a name this server does not go
// by, when it is told to check. An address is no name that could be rebound, and
// it is what probes and scrapers come under.
func (s *server) checkHost(next http.Handler) http.Handler {
	if !s.CheckHost {
		return next
	}
	allowed := map[string]bool{"localhost": true}
	for _, host := range s.AllowedHosts {
		allowed[hostname(host)] = true
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host := hostname(r.Host); !isAddr(host) && !allowed[host] {
			rest.WriteProblem(w, r, &rest.Problem{Status: http.StatusMisdirectedRequest, Code: "unknown_host",
				Detail: "this server does not go by the name in the Host header; allow it in the configuration if it should"})
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

func isAddr(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}
