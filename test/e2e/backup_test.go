package e2e

import (
	"bytes"
	endian "encoding/binary"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowscope/flowscope/internal/decode"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/storetest"
)

// command runs flowscope and returns what it prints.
func command(t *testing.T, args ...string) []byte {
	t.Helper()
	cmd := exec.Command(binary, args...)
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("flowscope %v: %v\n%s", args, err, errOut.String())
	}
	return out
}

// TestBackupWhileLoading copies the directory of a server under load, several
// times, and looks for every trace that was acked before in each copy.
func TestBackupWhileLoading(t *testing.T) {
	data := t.TempDir()
	p := serve(t, data, "--head-bytes=1MiB", "--head-age=1s")
	file := filepath.Join(t.TempDir(), "acked")
	load := exec.Command(binary, "load", "--http", "--endpoint", p.otlp[len("http://"):],
		"--spans=10000000", "--rate=10000", "--batch=100", "--conns=4", "--acked", file)
	if err := load.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = load.Process.Kill()
		_ = load.Wait()
	})
	var acked []string
	for round := range 4 {
		p.eventually("load running", func() error {
			if n := len(ackedIn(t, file)); n < len(acked)+2000 {
				return fmt.Errorf("round %d: %d traces acked", round, n)
			}
			return nil
		})
		acked = ackedIn(t, file)
		out := filepath.Join(t.TempDir(), "copy")
		args := []string{"store", "backup", "--data", data, "--out", out}
		if round%2 == 1 {
			args = append(args, "--copy")
		}
		said := command(t, args...)
		seen := map[model.TraceID]bool{}
		for key := range spansOnce(t, out) {
			seen[key.trace] = true
		}
		for _, text := range acked {
			if id, err := model.ParseTraceID(text); err != nil || !seen[id] {
				t.Fatalf("round %d: trace %s was acked before the copy and is not in it, %v", round, text, err)
			}
		}
		t.Logf("%d traces acked before; %s", len(acked), bytes.TrimSpace(said))
		if round == 3 {
			restored(t, out, acked)
		}
	}
}

// restored starts a server on a copy and asks for some traces.
func restored(t *testing.T, copied string, ids []string) {
	t.Helper()
	p := serve(t, copied)
	for i := 0; i < len(ids); i += len(ids)/50 + 1 {
		if _, err := p.get("/api/v1/traces/" + ids[i]); err != nil {
			t.Error(err)
		}
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
	command(t, "store", "verify", "--data", copied)
}

type spanKey struct {
	trace model.TraceID
	key   model.SpanKey
}

// spansOnce reads a data directory and fails for a span that is in it twice.
func spansOnce(t *testing.T, data string) map[spanKey]bool {
	t.Helper()
	seen := map[spanKey]bool{}
	for _, b := range exported(t, data) {
		for _, s := range storetest.SpansOf(b) {
			key := spanKey{s.TraceID(), s.Key()}
			if seen[key] {
				t.Fatalf("a span of trace %s is there twice", s.TraceID())
			}
			seen[key] = true
		}
	}
	return seen
}

// exported are the spans of a data directory as OTLP.
func exported(t *testing.T, data string) (batches []*model.Batch) {
	t.Helper()
	for _, request := range otlpRequests(t, data) {
		b := &model.Batch{}
		if report, err := decode.Proto(b, request); err != nil || report.Rejected > 0 {
			t.Fatalf("%v, %+v", err, report)
		}
		b.Seal()
		batches = append(batches, b)
	}
	return batches
}

func otlpRequests(t *testing.T, data string) (all [][]byte) {
	t.Helper()
	p := command(t, "store", "export", "--data", data, "--format=otlp", "--out=-")
	for len(p) > 0 {
		n := endian.BigEndian.Uint32(p)
		all, p = append(all, p[4:4+n]), p[4+n:]
	}
	return all
}

// TestExportComesBack sends what was exported from one server to another, which
// then has the same spans.
func TestExportComesBack(t *testing.T) {
	first := t.TempDir()
	p := serve(t, first, "--head-age=1s")
	command(t, "load", "--http", "--endpoint", p.otlp[len("http://"):], "--spans=20000", "--batch=500")
	// The server runs on while it is exported.
	lines := bytes.SplitAfter(bytes.TrimSpace(command(t, "store", "export", "--data", first, "--format=otlp-json", "--out=-")), []byte("\n"))
	for _, c := range []struct {
		media    string
		requests [][]byte
	}{
		{"application/x-protobuf", otlpRequests(t, first)},
		{"application/json", lines},
	} {
		second := t.TempDir()
		q := serve(t, second)
		for _, request := range c.requests {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, q.otlp+"/v1/traces", bytes.NewReader(request))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", c.media)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				t.Fatalf("%s: %s", c.media, resp.Status)
			}
		}
		if got, want := describedAll(exported(t, second)), describedAll(exported(t, first)); len(want) != 20000 || !slices.Equal(got, want) {
			t.Errorf("%s: %d spans came back, want %d", c.media, len(got), len(want))
		}
	}
}

func describedAll(batches []*model.Batch) (all []string) {
	for _, b := range batches {
		all = append(all, storetest.DescribeAll(storetest.SpansOf(b))...)
	}
	slices.Sort(all)
	return all
}

// ackedIn are the whole lines of a file that flowscope load is writing.
func ackedIn(t *testing.T, file string) []string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Fields(string(text[:bytes.LastIndexByte(text, '\n')+1]))
}
