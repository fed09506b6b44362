package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestKillWhileLoading kills the server with SIGKILL while spans come in, more
// than once over the same data, and then asks for every trace it acked.
func TestKillWhileLoading(t *testing.T) {
	data := t.TempDir()
	acked := map[string]bool{}
	for round := range 3 {
		// Small heads, so that kills also fall into the writing of blocks.
		p := serve(t, data, "--head-bytes=1MiB", "--head-age=1s")
		file := filepath.Join(t.TempDir(), "acked")
		load := exec.Command(binary, "load", "--http", "--endpoint", p.otlp[len("http://"):],
			"--spans=10000000", "--rate=20000", "--batch=100", "--conns=4", "--acked", file)
		var out bytes.Buffer
		load.Stdout, load.Stderr = &out, &out
		if err := load.Start(); err != nil {
			t.Fatal(err)
		}
		want := 500 + rand.IntN(1500)
		p.eventually("load running", func() error {
			if n := bytes.Count(readFile(t, file), []byte{'\n'}); n < want {
				return fmt.Errorf("round %d: %d traces acked\n%s", round, n, out.String())
			}
			return nil
		})
		p.kill()
		_ = load.Process.Kill()
		_ = load.Wait()
		text := readFile(t, file)
		text = text[:bytes.LastIndexByte(text, '\n')+1] // the load was killed too: its last line may be torn
		for id := range strings.FieldsSeq(string(text)) {
			acked[id] = true
		}
	}
	p := serve(t, data)
	began := time.Now()
	lost := 0
	for id := range acked {
		if _, err := p.get("/api/v1/traces/" + id + "?format=otlp"); err != nil {
			if lost++; lost < 5 {
				t.Errorf("acked and lost: %v", err)
			}
		}
	}
	t.Logf("%d acked traces, %d lost, looked up in %v", len(acked), lost, time.Since(began))
	if lost > 0 || len(acked) == 0 {
		t.Fatalf("%d of %d acked traces lost", lost, len(acked))
	}
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return text
}
