package flow_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowscope/flowscope/flow"
)

// fileLines returns the lines of a file, each of which must be JSON.
func fileLines(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for _, line := range lines {
		if !json.Valid([]byte(line)) {
			t.Errorf("%s has %q", path, line)
		}
	}
	return lines
}

func TestFileRotates(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "flows.jsonl")
	var line bytes.Buffer
	if err := flow.FormatJSON.Write(&line, checkout()); err != nil {
		t.Fatal(err)
	}
	e := &flow.FileExporter{Path: path, MaxBytes: int64(3 * line.Len()), MaxFiles: 2}
	for n := 1; n <= 5; n++ { // 1 + 2 + 3 + 4 + 5 flows: five files, of which two are gone
		flows := make([]flow.Trace, n)
		for i := range flows {
			flows[i] = checkout()
		}
		if err := e.Export(t.Context(), flows); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(e.Close(), e.Close()); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + ".1", path + ".2"} {
		if got := len(fileLines(t, name)); got != 3 {
			t.Errorf("%s has %d flows", name, got)
		}
	}
	if _, err := os.Stat(path + ".3"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a third old file: %v", err)
	}
	// Without old files the full one makes room.
	e = &flow.FileExporter{Path: path, MaxBytes: 1, MaxFiles: -1}
	if err := errors.Join(e.Export(t.Context(), []flow.Trace{checkout(), checkout()}), e.Close()); err != nil {
		t.Fatal(err)
	}
	if got := len(fileLines(t, path)); got != 1 {
		t.Errorf("%s has %d flows", path, got)
	}
}

// TestFilesBeyondALowerLimitAreRemoved writes full files with two exporters.
func TestFilesBeyondALowerLimitAreRemoved(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "flows.jsonl")
	for _, c := range []struct{ most, left int }{{5, 6}, {2, 3}, {-1, 1}} {
		e := &flow.FileExporter{Path: path, MaxBytes: 1, MaxFiles: c.most}
		for range 8 {
			if err := e.Export(t.Context(), []flow.Trace{checkout()}); err != nil {
				t.Fatal(err)
			}
		}
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
		if files, err := filepath.Glob(path + "*"); err != nil || len(files) != c.left {
			t.Errorf("of %d full files there are %v: %v", c.most, files, err)
		}
	}
}

func TestFileGoesOnAfterWhatWentWrong(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "logs")
	path := filepath.Join(dir, "flows.jsonl")
	e := &flow.FileExporter{Path: path}
	err := e.Export(t.Context(), []flow.Trace{checkout()})
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "export 1 flows: open file: ") || !strings.Contains(err.Error(), path) {
		t.Errorf("without a folder it returns %v", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(`{"cut":true}`+"\n"+`{"cu`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(e.Export(t.Context(), []flow.Trace{checkout()}), e.Close()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(string(text), "\n"); len(lines) != 4 || lines[1] != `{"cu` || !json.Valid([]byte(lines[2])) {
		t.Errorf("the file is %s", text)
	}
}

func TestFileThroughATracker(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "flows.jsonl")
	tracker := flow.New(flow.WithExporter(&flow.FileExporter{Path: path}))
	record(t, tracker, "a", "b", "c")
	if err := tracker.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := fileLines(t, path); len(got) != 3 || !strings.Contains(got[2], `"c"`) {
		t.Errorf("the file has %v", got)
	}
}

func TestFolderKeepsTheNewest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "0.trace.json"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for part := range 3 { // as many processes, one after another
		e := &flow.FolderExporter{Dir: dir, Format: flow.FormatChrome, MaxFiles: 4}
		var flows []flow.Trace
		for i := range 3 {
			f := checkout()
			f.Spans[0].Start = f.Spans[0].Start.Add(time.Duration(part*3+i) * time.Second)
			flows = append(flows, f)
		}
		if err := e.Export(t.Context(), append(flows, flow.Trace{})); err != nil {
			t.Fatal(err)
		}
	}
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, name := range names {
		got = append(got, filepath.Base(name)[:min(len(filepath.Base(name)), 15)])
	}
	if fmt.Sprint(got) != "[0.trace.json 20260304T050612 20260304T050613 20260304T050614 20260304T050615]" {
		t.Errorf("the folder has %v", got)
	}
	absent := &flow.FolderExporter{Dir: filepath.Join(dir, "absent")}
	if err := absent.Export(t.Context(), []flow.Trace{checkout()}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a folder it returns %v", err)
	}
}

func TestWriterExporterWritesOneAfterAnother(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	e := &flow.WriterExporter{Writer: &out, Format: flow.FormatMermaid}
	if err := e.Export(t.Context(), []flow.Trace{checkout(), checkout()}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(out.String(), "flowchart LR"); got != 2 {
		t.Errorf("%d flowcharts in %s", got, out.String())
	}
}

func TestSlogWritesARecordAFlow(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	e := &flow.SlogExporter{Logger: slog.New(slog.NewTextHandler(&out, nil))}
	failed := checkout()
	failed.Spans[0].Status = flow.Failed
	if err := e.Export(t.Context(), []flow.Trace{checkout(), failed, {}}); err != nil {
		t.Fatal(err)
	}
	want := `time=2026-03-04T05:06:07.020Z level=INFO msg=flow operation=checkout trace_id=00000000000000000000000000000001 duration=20ms steps=7 failed=1 error="out of stock" attributes.flow.operation=checkout attributes.http.response.status_code=200
time=2026-03-04T05:06:07.020Z level=ERROR msg=flow operation=checkout trace_id=00000000000000000000000000000001 duration=20ms steps=7 failed=2 error="POST /checkout failed" attributes.flow.operation=checkout attributes.http.response.status_code=200
`
	if out.String() != want {
		t.Errorf("the log is\n%swant\n%s", out.String(), want)
	}
	quiet := &flow.SlogExporter{Logger: slog.New(slog.DiscardHandler)}
	if err := quiet.Export(t.Context(), []flow.Trace{checkout()}); err != nil {
		t.Error(err)
	}
}
