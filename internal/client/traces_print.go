package client

import (
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// PrintTraces writes pages of traces to out: as a table; as "json", one object
// with all of them; or as "ndjson", one trace a line as they come. Why a page is
// partial goes to notes, too.
func PrintTraces(out, notes io.Writer, format string, pages iter.Seq2[*TracePage, error]) error {
	all := TracePage{Traces: []Trace{}}
	for page, err := range pages {
		if err != nil {
			return err
		}
		if page.Partial {
			all.Partial, all.Reasons = true, page.Reasons
			if _, err := fmt.Fprintf(notes, "partial answer: %s\n", explain(page)); err != nil {
				return err
			}
		}
		if format == "ndjson" {
			for _, t := range page.Traces {
				if _, err := fmt.Fprintf(out, "%s\n", t.raw); err != nil {
					return err
				}
			}
			continue
		}
		all.Traces = append(all.Traces, page.Traces...)
	}
	switch format {
	case "ndjson":
		return nil
	case "json":
		return printJSON(out, &all)
	default:
		return printTable(out, all.Traces)
	}
}

// explain says what the reasons mean for whoever asked.
func explain(p *TracePage) string {
	text := strings.Join(p.Reasons, ", ")
	if p.Limited() {
		text += "; a shorter period or more conditions find the rest"
	}
	return text
}

func printJSON(out io.Writer, all *TracePage) error {
	text, err := json.MarshalIndent(struct {
		Traces  []Trace  `json:"traces"`
		Partial bool     `json:"partial,omitempty"`
		Reasons []string `json:"reasons,omitempty"`
	}{all.Traces, all.Partial, all.Reasons}, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s\n", text)
	return err
}

func printTable(out io.Writer, traces []Trace) error {
	if len(traces) == 0 {
		_, err := fmt.Fprintln(out, "no traces found")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, err := fmt.Fprintln(w, "START\tDURATION\tSTATUS\tOPERATION\tROOT\tSPANS\tERRORS\tMATCHED\tTRACE ID")
	for i := range traces {
		if err != nil {
			return err
		}
		t := &traces[i]
		matched := "-"
		if t.MatchedSpans != nil {
			matched = fmt.Sprint(*t.MatchedSpans)
		}
		_, err = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s %s\t%d\t%d\t%s\t%s\n", t.Start.UTC().Format("2006-01-02T15:04:05.000Z"),
			rounded(t.Duration), t.Status, cell(t.Operation), cell(t.RootService), cell(t.RootName),
			t.SpanCount, t.ErrorCount, matched, t.TraceID)
	}
	if err != nil {
		return err
	}
	return w.Flush()
}

// rounded keeps four digits or so of a duration.
func rounded(d time.Duration) time.Duration {
	unit := time.Duration(1)
	for d/unit >= 10_000 {
		unit *= 10
	}
	return d.Round(unit)
}

// cell is a text that neither breaks a table nor speaks to the terminal.
func cell(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '\ufffd'
		}
		return r
	}, s)
}
