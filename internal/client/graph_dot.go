package client

import (
	"fmt"
	"strings"
)

// dot is the graph in Graphviz's language.
func (g *Graph) dot() string {
	var out strings.Builder
	fmt.Fprintf(&out, "digraph %s {\n  rankdir=LR;\n  node [shape=box];\n", dotString(g.Operation))
	for i := range g.Nodes {
		n := &g.Nodes[i]
		fmt.Fprintf(&out, "  n%d [label=%s%s%s];\n", i, dotString(n.ID), dotShape(n.Kind), dotColour(n.Status))
	}
	names := g.numbers()
	for i := range g.Edges {
		e := &g.Edges[i]
		from, to := names[e.From], names[e.To]
		if from == "" || to == "" {
			continue // an edge needs two ends
		}
		colour := ""
		if e.ErrorRate > 0 {
			colour = ", color=red"
		}
		fmt.Fprintf(&out, "  %s -> %s [label=%s%s];\n", from, to, dotString(e.about()), colour)
	}
	out.WriteString("}\n")
	return out.String()
}

func dotShape(kind string) string {
	switch kind {
	case "database":
		return ", shape=cylinder"
	case "queue":
		return ", shape=cds"
	case "external":
		return ", shape=box, style=dashed"
	default:
		return ""
	}
}

func dotColour(status string) string {
	switch status {
	case "down":
		return ", color=red"
	case "degraded":
		return ", color=orange"
	default:
		return ""
	}
}

// dotString quotes a text as a label that Graphviz shows as it is. In labels a
// backslash begins an escape and an ampersand a character of HTML.
func dotString(s string) string {
	var out strings.Builder
	out.WriteByte('"')
	for _, r := range s {
		switch r {
		case '"', '\\':
			out.WriteByte('\\')
			out.WriteRune(r)
		case '&':
			out.WriteString("&amp;")
		case '\n':
			out.WriteString(`\n`)
		default:
			out.WriteString(cell(string(r)))
		}
	}
	out.WriteByte('"')
	return out.String()
}
