package e2e

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// cursors are of a search's period, which is about the last hour.
var cursors = regexp.MustCompile(`"cursor":"[^"]+"`)

// TestFind searches a server from the command line for what the load generator
// sent, and again after a restart.
func TestFind(t *testing.T) {
	data := t.TempDir()
	p := serve(t, data)
	load := exec.Command(binary, "load", "--spans=20000", "--endpoint", strings.TrimPrefix(p.otlp, "http://"))
	if out, err := load.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	search := func(p *process) (found []string) {
		for _, args := range [][]string{
			{"--service=payment", "--operation=POST /checkout", "--sort=duration", "--limit=500"},
			{"--service=payment", "--span-name=INSERT charges", "--attribute=db.system.name=postgresql", "--limit=500"},
			{"--attribute=messaging.destination.name=~ord.*", "--attribute=thread.id!=7", "--kind=consumer", "--limit=500"},
			{"--attribute=http.response.status_code=503", "--min-span-duration=1ms", "--limit=500"},
			{"--attribute=resource.service.name=warehouse", "--service=payment"},
		} {
			out, err := exec.Command(binary, append([]string{"traces", "-o", "ndjson", "--addr", p.api}, args...)...).Output()
			if err != nil {
				t.Fatalf("%v: %v", args, err)
			}
			found = append(found, cursors.ReplaceAllString(string(out), `"cursor":""`))
		}
		return found
	}
	var before []string
	p.eventually("flows of all operations", func() error {
		before = search(p)
		for i, out := range before[:4] {
			if strings.Count(out, "\n") < 20 || i > 0 && !strings.Contains(out, `"matchedSpans":{"count":`) {
				return fmt.Errorf("search %d found %d traces", i, strings.Count(out, "\n"))
			}
		}
		var status struct{ TracesOpen int64 }
		if err := p.getJSON("/api/v1/status", &status); err != nil || status.TracesOpen > 0 {
			return fmt.Errorf("%d traces are open: %w", status.TracesOpen, err)
		}
		before = search(p)
		return nil
	})
	if before[4] != "" {
		t.Errorf("one span is of two services: %s", before[4])
	}
	var first struct{ OperationName string }
	if err := json.Unmarshal([]byte(before[0][:strings.IndexByte(before[0], '\n')]), &first); err != nil || first.OperationName != "POST /checkout" {
		t.Errorf("the slowest is of %q (%v)", first.OperationName, err)
	}
	if err := p.stop(); err != nil {
		t.Fatal(err)
	}
	again := serve(t, data) // what was in memory is in a block now
	again.eventually("the same answers after a restart", func() error {
		for i, out := range search(again) {
			if out != before[i] {
				return fmt.Errorf("search %d finds %d traces, not the same %d", i, strings.Count(out, "\n"), strings.Count(before[i], "\n"))
			}
		}
		return nil
	})
}
