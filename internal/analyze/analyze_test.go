package analyze

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/analyze/analyzetest"
	"github.com/flowscope/flowscope/internal/model"
)

var update = flag.Bool("update", false, "rewrite what the fixtures in testdata expect")

// A fixture is a list of cases, each
//
//	=== title
//	drawing (see analyzetest.Draw)
//	---
//	what analysis finds
//
// The cases of a file share an Analyzer. A drawing that begins with "times N"
// is analysed and learned N times and expects nothing.
func TestFixtures(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no fixtures", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { testFixture(t, file) })
	}
}

func testFixture(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	a := New(Config{})
	parts := strings.Split("\n"+string(text), "\n=== ")
	out := parts[0]
	for _, part := range parts[1:] {
		title, body, _ := strings.Cut(part, "\n")
		drawing, want, _ := strings.Cut(body, "\n---\n")
		got := analyseDrawing(t, a, title, drawing)
		if want = strings.TrimSpace(want); got != want && !*update {
			t.Errorf("%s: got\n%s\nwant\n%s", title, got, want)
		}
		out += "\n=== " + title + "\n" + strings.TrimRight(drawing, "\n") + "\n"
		if got != "" {
			out += "---\n" + got + "\n"
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(strings.TrimPrefix(out, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func analyseDrawing(t *testing.T, a *Analyzer, title, drawing string) string {
	t.Helper()
	times := 0
	if rest, ok := strings.CutPrefix(drawing, "times "); ok {
		count, body, _ := strings.Cut(rest, "\n")
		times, drawing = must(strconv.Atoi(count)), body
	}
	trace := drawn(t, title, drawing)
	for range times {
		a.Count(trace)
	}
	if times > 0 {
		return ""
	}
	return describe(a.view(trace))
}

func drawn(t *testing.T, title, drawing string) *model.Trace {
	t.Helper()
	spans, err := analyzetest.Draw(title, drawing)
	if err != nil {
		t.Fatal(err)
	}
	return analyzetest.Traces(analyzetest.Batch(spans))[0]
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// describe writes an analysis for people, times in ms.
func describe(v *Analysis) string {
	var b strings.Builder
	f := v.Flow
	fmt.Fprintf(&b, "flow %q %s %s spans=%d", f.Operation, f.Status, ms(f.Duration), f.SpanCount)
	printSet(&b, "env", f.Environment)
	printSet(&b, "ui", f.UIEvent)
	printSet(&b, "user", f.User)
	printSet(&b, "session", f.Session)
	printSet(&b, "failed", f.ErrorCount)
	printSet(&b, "orphans", f.Orphans)
	printSet(&b, "noroot", f.NoRoot)
	printSet(&b, "error", f.Error)
	for i := range v.Spans {
		printSpan(&b, &v.Spans[i])
	}
	latencies := f.Latencies
	for i, n := range f.Visits {
		fmt.Fprintf(&b, "\nnode %s requests=%d self=%s critical=%s", f.Shape.Nodes[i].ID(), n.Requests, ms(n.Self), ms(n.Critical))
		printSet(&b, "errors", n.Errors)
		for _, l := range latencies[:n.Requests] {
			fmt.Fprintf(&b, " %s", ms(l))
		}
		latencies = latencies[n.Requests:]
	}
	for i, c := range f.Calls {
		fmt.Fprintf(&b, "\ncall %s -> %s %s", f.Shape.Edges[i].From.ID(), f.Shape.Edges[i].To.ID(), ms(c.Latency))
		printSet(&b, "failed", c.Failed)
		printSet(&b, "retry", c.Retry)
		printSet(&b, "broken", c.Broken)
	}
	return b.String()
}

func printSpan(b *strings.Builder, s *Span) {
	fmt.Fprintf(b, "\n%s%s: %s at=%s self=%s", strings.Repeat("  ", s.Depth+1), s.Node.ID(), s.Name(), ms(s.Offset), ms(s.Self))
	printSet(b, "critical", s.Critical/1e6)
	printSet(b, "skew", s.ClockSkew/1e6)
	printSet(b, "failed", s.Failed)
	printSet(b, "orphan", s.Orphan)
	printSet(b, "retry", s.Retry)
	printSet(b, "broken", s.Broken)
}

// printSet prints what is not zero.
func printSet(b *strings.Builder, name string, value any) {
	switch text := fmt.Sprint(value); text {
	case "", "0", "false":
	case "true":
		fmt.Fprintf(b, " %s", name)
	default:
		if strings.Contains(text, " ") {
			text = strconv.Quote(text)
		}
		fmt.Fprintf(b, " %s=%s", name, text)
	}
}

func ms(ns int64) string { return strconv.FormatInt(ns/int64(time.Millisecond), 10) }
