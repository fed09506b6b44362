package flow_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// unindented is text without indentation, so that what stands in a function compares
// with what stands by itself.
func unindented(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		out.WriteString(strings.TrimSpace(line))
		out.WriteByte('\n')
	}
	return out.String()
}

// TestDocsShowExamples holds the Go snippets of the pages about this package to
// the examples, which compile and run.
func TestDocsShowExamples(t *testing.T) {
	t.Parallel()
	for page, file := range map[string]string{
		"flow-sampling.md": "example_observe_test.go", "flow-logging.md": "example_observe_test.go",
		"flow-slo.md": "example_observe_test.go", "flow-exporters.md": "example_export_test.go",
	} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		examples := unindented(string(source))
		text, err := os.ReadFile(filepath.Join("..", "docs", page))
		if err != nil {
			t.Fatal(err)
		}
		blocks := strings.Split(string(text), "```go\n")
		if len(blocks) < 2 {
			t.Errorf("%s shows no Go", page)
		}
		for _, block := range blocks[1:] {
			snippet, _, _ := strings.Cut(block, "```")
			if !strings.Contains(examples, unindented(snippet)) {
				t.Errorf("%s shows what no example has:\n%s", page, snippet)
			}
		}
	}
}
