package inprocess

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// errNotLocal tells a developer who is refused what to do.
var errNotLocal = errors.New("flows are shown to this machine only, asked by a loopback name and not through a proxy: " +
	"set a guard (flowhttp.WithToken, WithClientCertificate or WithGuard) to show them to others")

// LocalOnly lets requests pass that come from this machine by a loopback name,
// so that neither the network nor a web page that has rebound its own name to
// 127.0.0.1 sees flows. What a proxy passes on is refused: who is behind it
// is not known.
func LocalOnly(r *http.Request) error {
	from, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !from.Addr().Unmap().IsLoopback() || !isLoopback(r.Host) {
		return errNotLocal
	}
	for name := range r.Header {
		if ofProxies(name) { // if only as an empty line that the client sent
			return errNotLocal
		}
	}
	return nil
}

// ofProxies reports whether a header is one that proxies add.
func ofProxies(name string) bool {
	switch name {
	case "Forwarded", "Via", "X-Real-Ip", "X-Original-Forwarded-For", "X-Client-Ip", "X-Cluster-Client-Ip",
		"Cf-Connecting-Ip", "True-Client-Ip", "Fastly-Client-Ip":
		return true
	}
	return strings.HasPrefix(name, "X-Forwarded-")
}

// isLoopback reports whether a Host header names this machine to itself.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.Trim(host, "[]")
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.Unmap().IsLoopback()
}
