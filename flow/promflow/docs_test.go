package promflow_test

import (
	"os"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/flowscope/flowscope/flow"
	"github.com/flowscope/flowscope/flow/promflow"
)

// read is a file of the module.
func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheDocumentSaysWhatTheExamplesDo(t *testing.T) {
	t.Parallel()
	examples := read(t, "example_test.go")
	for i, part := range strings.Split(read(t, "../../docs/flow-metrics.md"), "```") {
		code, isGo := strings.CutPrefix(part, "go\n")
		if i%2 == 0 || !isGo {
			continue
		}
		for line := range strings.Lines(code) {
			if !strings.Contains(examples, strings.TrimSpace(line)) {
				t.Errorf("no example has the line %q", line)
			}
		}
	}
}

func TestTheDocumentNamesAllMetrics(t *testing.T) {
	t.Parallel()
	document := read(t, "../../docs/flow-metrics.md")
	tracker := flow.New(flow.WithAnomalies(), flow.WithExporter(discard{}))
	defer tracker.Shutdown(t.Context()) //nolint:errcheck // nothing was exported
	described := make(chan *prometheus.Desc, 100)
	promflow.NewCollector(tracker).Describe(described)
	close(described)
	for d := range described {
		_, name, _ := strings.Cut(d.String(), `fqName: "`)
		name, _, _ = strings.Cut(name, `"`)
		if !strings.Contains(document, "`"+name+"`") {
			t.Errorf("%s is not in the document", name)
		}
	}
}
