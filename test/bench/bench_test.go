package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A small run fills every row, writes it down in three ways and leaves nothing
// behind. What it measures is not looked at.
func TestSmallRun(t *testing.T) {
	temp, out := t.TempDir(), t.TempDir()
	results, document := filepath.Join(out, "results.json"), filepath.Join(out, "performance.md")
	if err := os.WriteFile(document, []byte("before\n"+documentBegin+"old\n"+documentEnd+"after\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(t.Context(), []string{"-spans=20000", "-dir", temp, "-json", results, "-update", document}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(results)
	if err != nil {
		t.Fatal(err)
	}
	var r report
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Rows) != len(targets()) || len(r.Facts) == 0 || len(r.Columns) < 10 {
		t.Errorf("%d rows, %d facts, %d columns", len(r.Rows), len(r.Facts), len(r.Columns))
	}
	if text, err = os.ReadFile(document); err != nil {
		t.Fatal(err)
	}
	if want := "before\n" + documentBegin + r.markdown() + documentEnd + "after\n"; string(text) != want {
		t.Errorf("the document is\n%s\nwant\n%s", text, want)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("%d folders are left: %v", len(left), err)
	}
}

// A run that is interrupted while a server works ends with its server, and
// leaves nothing behind.
func TestInterrupted(t *testing.T) {
	temp := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, []string{"-spans=100000000", "-dir", temp}) }()
	err := poll(t.Context(), 10*time.Millisecond, func() (bool, error) {
		blocks, err := filepath.Glob(filepath.Join(temp, "*", dataLoaded, "blocks", "*"))
		select {
		case runErr := <-ended:
			return false, errors.Join(errors.New("ended by itself"), runErr)
		default:
			return len(blocks) > 0, err
		}
	})
	cancel()
	if err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "fill the store") {
		t.Errorf("ended with %v", err)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("%d folders are left: %v", len(left), err)
	}
}

func TestParse(t *testing.T) {
	t.Setenv("BENCH_SPANS", "30000")
	if o, err := parse(nil); err != nil || o.spans != 30_000 {
		t.Errorf("%+v, %v", o, err)
	}
	if o, err := parse([]string{"-spans=40000"}); err != nil || o.spans != 40_000 {
		t.Errorf("%+v, %v", o, err)
	}
	for _, bad := range [][]string{{"-spans=19999"}, {"more"}, {"-nothing"}} {
		if o, err := parse(bad); err == nil {
			t.Errorf("%v gives %+v", bad, o)
		}
	}
	t.Setenv("BENCH_SPANS", "many")
	if o, err := parse(nil); err == nil {
		t.Errorf("BENCH_SPANS=many gives %+v", o)
	}
}

func TestVerdict(t *testing.T) {
	byRatio := target{unit: unitNanos, must: 3, aim: 1.5, ratio: true}
	absolute := target{unit: unitMillis, must: 50, aim: 15}
	for _, c := range []struct {
		target
		measured, reference float64
		want                string
	}{
		{byRatio, 150, 100, verdictAim}, {byRatio, 300, 100, verdictMust}, {byRatio, 301, 100, verdictMiss},
		{absolute, 15, 1, verdictAim}, {absolute, 50, 1, verdictMust}, {absolute, 51, 100, verdictMiss},
	} {
		if got := c.row(c.measured, c.reference, "").Verdict; got != c.want {
			t.Errorf("%v beside %v: %s, want %s", c.measured, c.reference, got, c.want)
		}
	}
}

// A row that is missing, or is no number, is said.
func TestReportIsComplete(t *testing.T) {
	r := newReport(1)
	for _, t := range targets() {
		r.set(t.id, 1, 2, "")
	}
	if err := r.complete(); err != nil {
		t.Error(err)
	}
	r.Rows[3].Measured = 0
	if err := r.complete(); err == nil || !strings.Contains(err.Error(), r.Rows[3].ID) {
		t.Errorf("a row without a figure: %v", err)
	}
	r.Rows = r.Rows[1:]
	if err := r.complete(); err == nil || !strings.Contains(err.Error(), cpuHTTP) {
		t.Errorf("a missing row: %v", err)
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 0.0739: "0.0739", 0.84: "0.84", 1.1: "1.1", 26: "26", 42.41: "42.4", 456: "456", 12345.6: "12,346", 20e6: "20,000,000"} {
		if got := number(v); got != want {
			t.Errorf("%v is %q, want %q", v, got, want)
		}
	}
}
