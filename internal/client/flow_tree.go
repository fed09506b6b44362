package client

import (
	"strings"
	"time"
)

// The columns of a tree that have one width: the mark of the critical path, the
// kind, the duration and the share of self time, and the spaces between them.
const fixedColumns = 2 + 1 + 8 + 1 + 8 + 1 + 4 + 1

// maxWords is the room kept for the words behind the bars: most are single.
const maxWords = 12

// tree draws spans as a tree with bars. What is left of the screen beside the
// fixed columns and the words is shared by the names and, a third of it, the bars.
func (p *flowPage) tree(steps []Step) {
	words, longest := make([]string, len(steps)), 0
	for i := range steps {
		words[i] = p.words(&steps[i])
		longest = max(longest, columns(words[i]))
	}
	room := p.screen.width() - fixedColumns - 3 - min(longest, maxWords) // 3: the bar's edges and a space
	bar := min(max(room/3, 8), 40)
	name := max(room-bar, 16)
	p.line("%s", p.screen.paint(dim, "  "+p.screen.pad("SPAN", name)+" KIND     DURATION SELF "+p.screen.pick("│", "|")+"0"+
		right(rounded(p.whole).String(), bar-1)+p.screen.pick("│", "|")))
	prefixes, labels := p.screen.branches(steps, 2*name/3), labels(steps)
	for i := range steps {
		p.step(&steps[i], p.screen.pad(prefixes[i]+labels[i], name), words[i], bar)
	}
}

// labels names the spans, and their services where they are not their parents':
// without the namespace, unless services of several namespaces have the name.
func labels(steps []Step) []string {
	namespaces := map[string]map[string]bool{} // by short name
	for i := range steps {
		namespace, short := splitID(steps[i].Service)
		if namespaces[short] == nil {
			namespaces[short] = map[string]bool{}
		}
		namespaces[short][namespace] = true
	}
	list := make([]string, len(steps))
	var services []string // of the ancestors, by depth
	for i := range steps {
		depth, id := min(max(0, steps[i].Depth), len(services)), steps[i].Service
		list[i] = cell(steps[i].Name)
		if depth == 0 || services[depth-1] != id {
			if _, short := splitID(id); len(namespaces[short]) == 1 {
				list[i] = cell(short) + ": " + list[i]
			} else {
				list[i] = cell(id) + ": " + list[i]
			}
		}
		services = append(services[:depth], id)
	}
	return list
}

// splitID takes a service's id apart: namespace/name, or name.
func splitID(id string) (namespace, name string) {
	if namespace, name, ok := strings.Cut(id, "/"); ok {
		return namespace, name
	}
	return "", id
}

func (p *flowPage) step(s *Step, label, words string, bar int) {
	mark := "  "
	if len(p.parts[s.SpanID]) > 0 {
		mark = p.screen.paint(yellow, "*") + " "
	}
	if p.failed[s.SpanID] {
		label = p.screen.paint(red, label)
		words = p.screen.paint(red, words)
	}
	edge := p.screen.paint(dim, p.screen.pick("│", "|"))
	p.line("%s%s %s %s %s %s%s%s %s", mark, label, p.screen.pad(strings.ToLower(cell(s.Kind)), 8), right(rounded(s.Duration).String(), 8),
		p.share(s.SelfTime, s.Duration), edge, p.bar(s, bar), edge, words)
}

// words says what a span is beside ordinary.
func (p *flowPage) words(s *Step) string {
	var list []string
	for _, w := range []struct {
		is   bool
		word string
	}{
		{p.failed[s.SpanID], "error"},
		{s.Retry, "retry"},
		{s.CircuitBreak, "circuit open"},
		{s.Orphan, "orphan"},
		{s.ClockSkew != 0, "clock " + signed(rounded(s.ClockSkew))},
	} {
		if w.is {
			list = append(list, w.word)
		}
	}
	return strings.Join(list, ", ")
}

// signed writes a correction.
func signed(d time.Duration) string {
	if d > 0 {
		return "+" + d.String()
	}
	return d.String()
}

// bar draws when a span ran, and when everybody waited for it. It takes at least
// one column, however short the span.
func (p *flowPage) bar(s *Step, width int) string {
	cells := make([]bool, width) // true on the critical path
	from, to := p.scale(s.Offset, s.Offset+s.Duration, width)
	for _, part := range p.parts[s.SpanID] {
		a, b := p.scale(part.Offset, part.Offset+part.Duration, width)
		if 2*part.Duration < min(p.whole/time.Duration(width), s.Duration) {
			continue // less than half a column, and than half the span
		}
		for i := max(a, from); i < min(b, to); i++ {
			cells[i] = true
		}
	}
	var out strings.Builder
	out.WriteString(strings.Repeat(" ", from))
	for i := from; i < to; {
		end := i + 1
		for end < to && cells[end] == cells[i] {
			end++
		}
		if cells[i] {
			out.WriteString(p.screen.paint(yellow, strings.Repeat(p.screen.pick("█", "#"), end-i)))
		} else {
			out.WriteString(p.screen.paint(cyan, strings.Repeat(p.screen.pick("─", "-"), end-i)))
		}
		i = end
	}
	out.WriteString(strings.Repeat(" ", width-to))
	return out.String()
}

// scale is the columns of a period, at least one and all within the width.
func (p *flowPage) scale(start, end time.Duration, width int) (from, to int) {
	column := func(t time.Duration) int {
		return int(float64(min(max(t, 0), p.whole))/float64(p.whole)*float64(width) + 0.5)
	}
	from = min(column(start), width-1)
	return from, max(column(end), from+1)
}

// branches draws the lines of a tree before each of its steps, at most as wide
// as given: of what lies deeper only the last levels are drawn.
func (s Screen) branches(steps []Step, width int) []string {
	last := lastChildren(steps)
	var open []bool // by depth: a sibling follows
	list := make([]string, len(steps))
	for i := range steps {
		depth := max(0, min(steps[i].Depth, len(open))) // a child is one deeper than what came before it
		open = append(open[:depth], !last[i])
		if depth == 0 {
			continue
		}
		first, prefix := 1, ""
		if hidden := depth - width/2; hidden > 0 {
			first, prefix = 1+hidden, s.pick("… ", "..")
		}
		for level := first; level < depth; level++ {
			prefix += map[bool]string{true: s.pick("│ ", "| "), false: "  "}[open[level]]
		}
		list[i] = prefix + map[bool]string{true: s.pick("├ ", "|-"), false: s.pick("└ ", "`-")}[open[depth]]
	}
	return list
}

// lastChildren says of each step whether no sibling follows it.
func lastChildren(steps []Step) []bool {
	last := make([]bool, len(steps))
	var follows []bool // by depth, of what was seen from the end on
	for i := len(steps) - 1; i >= 0; i-- {
		depth := min(max(0, steps[i].Depth), len(steps))
		for len(follows) <= depth {
			follows = append(follows, false)
		}
		last[i] = !follows[depth]
		follows[depth] = true
		clear(follows[depth+1:])
		follows = follows[:depth+1]
	}
	return last
}
