package tools

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestTelemetrygenRuns(t *testing.T) {
	program, err := Telemetrygen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), program, "traces", "--help").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--otlp-endpoint") {
		t.Errorf("telemetrygen traces --help: %v\n%s", err, out)
	}
}

func TestTelemetrygenPrefersTheEnvironment(t *testing.T) {
	want := filepath.Join(t.TempDir(), "mine")
	t.Setenv("FLOWSCOPE_TELEMETRYGEN", want)
	if got, err := Telemetrygen(t.Context()); err != nil || got != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

func TestLookup(t *testing.T) {
	got, err := lookup("golangci-lint")
	if err != nil || !strings.HasPrefix(got, "github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.") {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := lookup("lint"); err == nil {
		t.Error("a program that is not pinned is found")
	}
}
