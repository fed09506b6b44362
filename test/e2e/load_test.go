package e2e

import (
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestLoad measures a server over both transports and holds what the load
// generator prints to what the server counted.
func TestLoad(t *testing.T) {
	p := serve(t, t.TempDir())
	const spans = 50_000
	for _, args := range [][]string{{"--grpc", "--endpoint", p.grpc}, {"--http", "--endpoint", strings.TrimPrefix(p.otlp, "http://")}} {
		args = append([]string{"load", "--spans", fmt.Sprint(spans), "--conns=2", "--pid", fmt.Sprint(p.cmd.Process.Pid)}, args...)
		out, err := exec.Command(binary, args...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		for _, want := range []string{fmt.Sprintf(`%d sent, %d acked, 0 rejected, 0 failed`, spans, spans), `spans/s`, `p50 .*p99`, `per million spans`} {
			if !regexp.MustCompile(want).Match(out) {
				t.Errorf("no %q in\n%s", want, out)
			}
		}
	}
	var status struct{ SpansReceived, SpansStored int64 }
	if err := p.getJSON("/api/v1/status", &status); err != nil {
		t.Fatal(err)
	}
	if status.SpansReceived != 2*spans || status.SpansStored != 2*spans {
		t.Errorf("the server counts %+v, want %d", status, 2*spans)
	}
}

// TestOneProcessPerDirectory starts a second server over a directory in use.
func TestOneProcessPerDirectory(t *testing.T) {
	data := t.TempDir()
	serve(t, data)
	out, err := exec.Command(binary, "serve", "--data", data, "--http=127.0.0.1:0", "--otlp-grpc=off", "--otlp-http=off").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "locked by another process") {
		t.Errorf("second server: %v\n%s", err, out)
	}
}
