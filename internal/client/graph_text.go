package client

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// text writes the graph as a tree of calls from where flows begin, busiest first.
// A node that is called from several places is opened at the first.
func (g *Graph) text(o Output) error {
	if len(g.Nodes) == 0 {
		_, err := fmt.Fprintf(o.Out, "no flows of %s found\n", cell(g.Operation))
		return err
	}
	_, err := fmt.Fprintf(o.Out, "%s  %d flows, %d nodes, %d edges\nfrom %s to %s\n\n", o.Screen.paint(bold, cell(g.Operation)),
		g.FlowCount, len(g.Nodes), len(g.Edges), clock(g.Period.Start), clock(g.Period.End))
	if err != nil {
		return err
	}
	w := newGraphWalk(g, o.Screen)
	for _, root := range g.roots() {
		w.root(root)
	}
	for i := range g.Nodes { // what only a circle leads to
		w.root(&g.Nodes[i])
	}
	if err := w.rows.write(o.Out, o.Screen); err != nil {
		return err
	}
	if w.again {
		_, err = io.WriteString(o.Out, "\n(above): its calls are shown where it comes first\n")
	}
	return err
}

// roots are the nodes that nobody calls.
func (g *Graph) roots() []*GraphNode {
	called := map[string]bool{}
	for i := range g.Edges {
		if g.Edges[i].From != g.Edges[i].To {
			called[g.Edges[i].To] = true
		}
	}
	var list []*GraphNode
	for i := range g.Nodes {
		if !called[g.Nodes[i].ID] {
			list = append(list, &g.Nodes[i])
		}
	}
	return list
}

// graphWalk is a graph on its way to a table.
type graphWalk struct {
	screen Screen
	nodes  map[string]*GraphNode
	calls  map[string][]*GraphEdge // by caller, busiest first
	opened map[string]bool
	again  bool // a node was left closed because it is open above
	rows   table
}

func newGraphWalk(g *Graph, screen Screen) *graphWalk {
	w := &graphWalk{
		screen: screen, nodes: map[string]*GraphNode{}, calls: map[string][]*GraphEdge{}, opened: map[string]bool{},
		rows: table{head: []string{"NODE", ">CALLS", ">ERRORS", ">P50", ">P95", ">P99", "STATUS"}},
	}
	for i := range g.Nodes {
		w.nodes[g.Nodes[i].ID] = &g.Nodes[i]
	}
	for i := range g.Edges {
		w.calls[g.Edges[i].From] = append(w.calls[g.Edges[i].From], &g.Edges[i])
	}
	for _, list := range w.calls {
		slices.SortFunc(list, func(a, b *GraphEdge) int {
			return cmp.Or(cmp.Compare(b.CallCount, a.CallCount), strings.Compare(a.To, b.To))
		})
	}
	return w
}

// root opens a node that is not open yet, with its own figures.
func (w *graphWalk) root(n *GraphNode) {
	if w.opened[n.ID] {
		return
	}
	w.row(cell(n.ID), n.Metrics.RequestCount, n.Metrics.ErrorRate, n.Metrics.latencies, n.Status)
	w.open(n.ID, "")
}

// open lists the calls of a node, and opens whom it calls.
func (w *graphWalk) open(id, prefix string) {
	w.opened[id] = true
	calls := w.calls[id]
	for i, e := range calls {
		branch, below := w.screen.pick("├ ", "|-"), w.screen.pick("│ ", "| ")
		if i == len(calls)-1 {
			branch, below = w.screen.pick("└ ", "`-"), "  "
		}
		label, status := prefix+branch+cell(e.To), ""
		if n := w.nodes[e.To]; n != nil {
			status = n.Status
		}
		closed := w.opened[e.To]
		if closed && len(w.calls[e.To]) > 0 {
			label += " (above)"
			w.again = true
		}
		w.row(label, e.CallCount, e.ErrorRate, e.latencies, e.words(status)...)
		if !closed {
			w.open(e.To, prefix+below)
		}
	}
}

// words is the status of whom is called and what happened to the calls.
func (e *GraphEdge) words(status string) []string {
	list := []string{status}
	if e.RetryCount > 0 {
		list = append(list, fmt.Sprintf("%d retries", e.RetryCount))
	}
	if e.CircuitBreakCount > 0 {
		list = append(list, fmt.Sprintf("%d circuit open", e.CircuitBreakCount))
	}
	return list
}

func (w *graphWalk) row(label string, calls int64, errors float64, l latencies, words ...string) {
	w.rows.add(label, strconv.FormatInt(calls, 10), percent(errors), millis(l.P50), millis(l.P95), millis(l.P99), cell(strings.Join(words, ", ")))
	if errors > 0 {
		w.rows.style(2, red)
	}
	w.rows.style(6, statusStyle(words[0]))
}
