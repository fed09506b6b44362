package otelflow_test

import (
	"os"
	"strings"
	"testing"
)

func TestTheDocumentSaysWhatTheExamplesDo(t *testing.T) {
	t.Parallel()
	examples, err := os.ReadFile("example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	document, err := os.ReadFile("../../docs/flow-otel.md")
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range strings.Split(string(document), "```") {
		code, isGo := strings.CutPrefix(part, "go\n")
		if i%2 == 0 || !isGo {
			continue
		}
		for line := range strings.Lines(code) {
			if !strings.Contains(string(examples), strings.TrimSpace(line)) {
				t.Errorf("no example has the line %q", line)
			}
		}
	}
}
