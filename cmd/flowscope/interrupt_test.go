package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestInterrupted ends commands while they wait for their server: those that have
// an answer to give fail, those that run until then do not.
func TestInterrupted(t *testing.T) {
	for line, want := range map[string]int{
		"diff --baseline=now-2h..now-1h --fail-on=p95>10%": 1,
		"diff 0a 0b":      1,
		"record --out=-":  1,
		"flows":           1,
		"graph checkout":  1,
		"traces":          1,
		"operations":      1,
		"tail":            0,
		"load --spans=10": 0,
	} {
		ctx, interrupt := context.WithCancel(t.Context())
		ended := make(chan struct{})
		server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			interrupt()
			<-ended
		}))
		args, at := strings.Fields(line), "--addr="+server.URL
		if args[0] == "load" {
			at = "--endpoint=" + strings.TrimPrefix(server.URL, "http://")
		}
		var out, errOut bytes.Buffer
		if got := run(ctx, append(args, at), &out, &errOut); got != want {
			t.Errorf("%s: exit code %d, want %d: %s", line, got, want, &errOut)
		}
		if said := strings.Contains(errOut.String(), "interrupted"); said != (want == 1) {
			t.Errorf("%s says %q", line, &errOut)
		}
		interrupt()
		close(ended)
		server.Close()
	}
}
