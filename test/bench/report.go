package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// report is what a run found.
type report struct {
	Date    string       `json:"date"`
	Machine string       `json:"machine"`
	Spans   int64        `json:"spans"`
	Rows    []row        `json:"rows"`
	Facts   []fact       `json:"facts"`
	Columns []columnSize `json:"columns"`
}

// fact is a figure without a target, for the arithmetic of limits.
type fact struct {
	What  string  `json:"what"`
	Value float64 `json:"value"`
	Unit  string  `json:"unit"`
}

func newReport(spans int64) *report {
	return &report{
		Date: time.Now().UTC().Format("2006-01-02 15:04 UTC"), Spans: spans,
		Machine: fmt.Sprintf("%s, %d CPUs, %s/%s, %s, load average %s before", cpuModel(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version(), loadAverage()),
	}
}

// set adds the row of a target. beside says what the reference is.
func (r *report) set(id string, measured, reference float64, beside string) {
	all := targets()
	i := slices.IndexFunc(all, func(t target) bool { return t.id == id })
	r.Rows = append(r.Rows, all[i].row(measured, reference, beside))
}

func (r *report) fact(value float64, unit, what string, args ...any) {
	r.Facts = append(r.Facts, fact{fmt.Sprintf(what, args...), value, unit})
}

// complete puts the rows in the order of the targets and reports one that is
// missing or has no number.
func (r *report) complete() error {
	var rows []row
	for _, t := range targets() {
		i := slices.IndexFunc(r.Rows, func(have row) bool { return have.ID == t.id })
		if i < 0 || !positive(r.Rows[i].Measured) || !positive(r.Rows[i].Reference) {
			return fmt.Errorf("row %q was not measured", t.id)
		}
		rows = append(rows, r.Rows[i])
	}
	r.Rows = rows
	return nil
}

func positive(v float64) bool { return v > 0 && !math.IsInf(v, 0) }

// markdown is the report as people read it.
func (r *report) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s spans in the store, %s, %s\n\n", grouped(r.Spans), r.Date, r.Machine)
	b.WriteString("| what | must | aim | measured | reference in the same run | ratio | verdict |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	for _, row := range r.Rows {
		bound := func(v float64) string { return "≤" + quantity(v, row.Unit) }
		if row.ByRatio {
			bound = func(v float64) string { return "≤" + number(v) + "×" }
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s, %s | %s× | %s |\n", row.What, bound(row.Must), bound(row.Aim),
			quantity(row.Measured, row.Unit), quantity(row.Reference, row.Unit), row.Beside, number(row.Ratio), row.Verdict)
	}
	b.WriteString("\n| also measured | |\n| --- | --- |\n")
	for _, f := range r.Facts {
		fmt.Fprintf(&b, "| %s | %s |\n", f.What, quantity(f.Value, f.Unit))
	}
	b.WriteString("\n| file and column | bytes per span |\n| --- | --- |\n")
	const shown = 0.1 // B
	rest := 0.0
	for _, c := range r.Columns {
		if c.PerSpan < shown {
			rest += c.PerSpan
			continue
		}
		fmt.Fprintf(&b, "| %s | %.2f |\n", c.Name, c.PerSpan)
	}
	fmt.Fprintf(&b, "| all others | %.2f |\n", rest)
	return b.String()
}

// number has three digits that count.
func number(v float64) string {
	if math.Abs(v) >= 100 {
		return grouped(int64(math.Round(v)))
	}
	digits := 2 - int(math.Floor(math.Log10(math.Max(math.Abs(v), 0.01))))
	text := strconv.FormatFloat(v, 'f', max(digits, 0), 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

func quantity(v float64, unit string) string { return strings.TrimSpace(number(v) + " " + unit) }

// grouped is a number with commas between thousands.
func grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

func (r *report) writeJSON(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}

// The last run in a document is between these lines.
const (
	documentBegin = "<!-- bench: begin -->\n"
	documentEnd   = "<!-- bench: end -->\n"
)

// updateDocument puts the report in place of the last one in a document.
func (r *report) updateDocument(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, begins := strings.Cut(string(text), documentBegin)
	_, after, ends := strings.Cut(rest, documentEnd)
	if !begins || !ends {
		return fmt.Errorf("update %s: it has no bench comments", path)
	}
	return os.WriteFile(path, []byte(before+documentBegin+r.markdown()+documentEnd+after), 0o644)
}
