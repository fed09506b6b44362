package client

import (
	"fmt"
	"strings"
	"unicode"
)

// mermaid is the graph as a Mermaid flowchart.
func (g *Graph) mermaid() string {
	var out strings.Builder
	out.WriteString("flowchart LR\n")
	for i := range g.Nodes {
		begin, end := mermaidShape(g.Nodes[i].Kind)
		fmt.Fprintf(&out, "  n%d%s\"%s\"%s\n", i, begin, mermaidText(g.Nodes[i].ID), end)
	}
	names := g.numbers()
	for i := range g.Edges {
		e := &g.Edges[i]
		from, to := names[e.From], names[e.To]
		if from == "" || to == "" {
			continue // an edge needs two ends
		}
		fmt.Fprintf(&out, "  %s -->|\"%s\"| %s\n", from, mermaidText(e.about()), to)
	}
	for i := range g.Nodes {
		switch g.Nodes[i].Status {
		case "down":
			fmt.Fprintf(&out, "  style n%d stroke:#d00,stroke-width:2px\n", i)
		case "degraded":
			fmt.Fprintf(&out, "  style n%d stroke:#e80,stroke-width:2px\n", i)
		}
	}
	return out.String()
}

func mermaidShape(kind string) (begin, end string) {
	switch kind {
	case "database":
		return "[(", ")]"
	case "queue":
		return "([", "])"
	case "external":
		return "{{", "}}"
	default:
		return "[", "]"
	}
}

// mermaidText writes a text for inside quotes. What may have a meaning to Mermaid,
// to Markdown or to HTML is written by its number.
func mermaidText(s string) string {
	var out strings.Builder
	for _, r := range s {
		switch {
		case r == '\n':
			out.WriteString("<br/>")
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r), strings.ContainsRune(" ,./:-_", r):
			out.WriteRune(r)
		case unicode.IsPrint(r):
			fmt.Fprintf(&out, "#%d;", r)
		default:
			out.WriteString(cell(string(r)))
		}
	}
	return out.String()
}
