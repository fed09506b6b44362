package flow

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
)

// maxMermaidText is how many characters of a name fit into a box.
const maxMermaidText = 80

// WriteMermaid writes a flow as a Mermaid flowchart: a box for each step with
// how long it took, an arrow for each call with how often. Operations of one
// name below the same one are one step and loops are folded, as WriteSankey has
// it; failed steps are outlined in red. Beyond 60 steps it says how many more there
// are.
func WriteMermaid(w io.Writer, t Trace) error {
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "%%%% flow %v\nflowchart LR\n", t.TraceID)
	list := steps([]Trace{t})
	failed := false
	for i := range list[:min(len(list), maxDrawn)] {
		s := &list[i]
		class := ""
		if s.failed > 0 {
			class, failed = ":::failed", true
		}
		fmt.Fprintf(out, "  n%d[\"%s<br/>%v\"]%s\n", i, mermaidText(s.name), shortDuration(s.took), class)
		switch {
		case s.above < 0:
		case s.calls == 1:
			fmt.Fprintf(out, "  n%d --> n%d\n", s.above, i)
		default:
			fmt.Fprintf(out, "  n%d -->|\"×%d\"| n%d\n", s.above, s.calls, i)
		}
	}
	if more := len(list) - maxDrawn; more > 0 {
		fmt.Fprintf(out, "  more[\"%d more\"]\n", more)
	}
	if failed {
		fmt.Fprintln(out, "  classDef failed stroke:#c00,stroke-width:2px")
	}
	return out.Flush()
}

// shortDuration is ns as people read them, three digits of it.
func shortDuration(ns int64) time.Duration {
	d, unit := time.Duration(ns), time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit)
}

// mermaidText writes a text for inside quotes. What may have a meaning to
// Mermaid, to Markdown or to HTML is written by its number.
func mermaidText(s string) string {
	var out strings.Builder
	n := 0
	for _, r := range s {
		if n++; n > maxMermaidText {
			out.WriteString("…")
			break
		}
		switch {
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r), strings.ContainsRune(" ,./:-_", r):
			out.WriteRune(r)
		case unicode.IsPrint(r):
			fmt.Fprintf(&out, "#%d;", r)
		default:
			out.WriteRune(unicode.ReplacementChar)
		}
	}
	return out.String()
}
