package api

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/coder/websocket"

	"github.com/flowscope/flowscope/internal/api/rest"
)

// Whichever way flows are asked for, the guard is asked first.
func TestGuard(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.Guard, c.CheckHost, c.Pprof = rest.TokenGuard("s3cret"), true, true })
	for _, url := range []string{
		"/", "/flows/1", "/assets/index-abc.js", "/metrics", "/debug/pprof/", "/api/v1/openapi.json", "/api/v1/operations",
		"/api/v1/ws", "/api/v1/no-such", "/api/v1/flows?follow=true", "/graphql?query={status{version}}", "//healthz", "/healthz/x",
	} {
		w := f.get("http://localhost" + url)
		if p := problemIn(t, w); p.Status != http.StatusUnauthorized || p.Code != "unauthorized" || w.Header().Get("WWW-Authenticate") == "" {
			t.Errorf("%s is answered %+v", url, p)
		}
	}
	for url, want := range map[string]int{"/": 200, "/metrics": 200, "/api/v1/operations": 200, "/api/v1/ws": 426, "/graphql?query={status{version}}": 200} {
		if w := f.get("http://localhost"+url, "Authorization", "Bearer s3cret"); w.Code != want {
			t.Errorf("with the token %s is answered %d %s", url, w.Code, w.Body)
		}
	}
	for _, url := range []string{"/healthz", "/readyz"} {
		if w := f.get("http://localhost" + url); w.Code != http.StatusOK {
			t.Errorf("a probe of %s is answered %d %s", url, w.Code, w.Body)
		}
	}
	// What has rebound its name is told nothing, nor may it guess.
	if w := f.get("http://evil.example/", "Authorization", "Bearer s3cret"); w.Code != http.StatusMisdirectedRequest {
		t.Errorf("another host is answered %d %s", w.Code, w.Body)
	}
}

func TestGuardOfSockets(t *testing.T) {
	server := httptest.NewServer(newFixture(t, func(c *Config) { c.Guard = rest.TokenGuard("s3cret") }))
	defer server.Close()
	for path, protocols := range map[string][]string{"/api/v1/ws": nil, "/graphql": {"graphql-transport-ws"}} {
		for token, want := range map[string]int{"": http.StatusUnauthorized, "wrong": http.StatusUnauthorized, "s3cret": http.StatusSwitchingProtocols} {
			conn, resp, err := websocket.Dial(t.Context(), server.URL+path, &websocket.DialOptions{ //nolint:bodyclose // the connection closes it
				Subprotocols: protocols, HTTPHeader: http.Header{"Authorization": {"Bearer " + token}},
			})
			if resp == nil || resp.StatusCode != want {
				t.Fatalf("%s with token %q: %v, %v", path, token, resp, err)
			}
			if conn != nil {
				conn.CloseNow() //nolint:errcheck // the test is over
			}
		}
	}
}
