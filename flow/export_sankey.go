package flow

import (
	"encoding/json"
	"fmt"
	"io"
)

// sankey is a diagram as d3-sankey, ECharts and Plotly take it: links refer to
// nodes by index. For every node, in ns,
//
//	links in + source = value = links out + self.
type sankey struct {
	Nodes []sankeyNode `json:"nodes"`
	Links []sankeyLink `json:"links"`
	Total int64        `json:"total"` // all sources, which is all selves
}

type sankeyNode struct {
	Name   string `json:"name"`
	Depth  int    `json:"depth"`
	Value  int64  `json:"value"`
	Source int64  `json:"source"` // of value: came from no other node
	Self   int64  `json:"self"`   // of value: went to no other node
	Calls  int    `json:"calls"`
	Errors int    `json:"errors"`
	Steps  int    `json:"steps"` // that it stands for: 1, and more for "others"
}

type sankeyLink struct {
	Source int   `json:"source"`
	Target int   `json:"target"`
	Value  int64 `json:"value"`
}

// WriteSankey writes where the time of flows went as one line of JSON: nodes,
// and links with source, target and value in ns. It is the diagram of the
// dashboard: operations of one name below the same one are one node, loops are
// folded, and time that several spent in parallel counts once. What takes no
// time is left out; beyond 60 names the smallest are "others". Several flows
// are added up.
func WriteSankey(w io.Writer, flows ...Trace) error {
	list := steps(flows)
	return writeLine(w, arrange(list, largest(list, maxDrawn)))
}

// writeLine writes v as a line of JSON.
func writeLine(w io.Writer, v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode flow: %w", err)
	}
	_, err = w.Write(append(line, '\n'))
	return err
}

// largest finds the steps to name: the largest first, each after the one it has
// its time from.
func largest(list []drawn, most int) []bool {
	kept := make([]bool, len(list))
	var open []int
	for i := range list {
		if list[i].parent < 0 && list[i].value > 0 {
			open = append(open, i)
		}
	}
	for n := 0; len(open) > 0 && n < most; n++ {
		best := 0
		for i := range open {
			if list[open[i]].value > list[open[best]].value {
				best = i
			}
		}
		step := open[best]
		open[best] = open[len(open)-1]
		open = open[:len(open)-1]
		kept[step] = true
		for _, c := range list[step].children {
			if list[c].parent == step && list[c].value > 0 {
				open = append(open, c)
			}
		}
	}
	return kept
}

// arrange puts the kept steps in call order and the others of each column into
// one.
func arrange(list []drawn, kept []bool) sankey {
	out := sankey{Nodes: []sankeyNode{}, Links: []sankeyLink{}}
	placed := make([]int, len(list))
	for i := range placed {
		placed[i] = -1
	}
	for _, i := range callOrder(list) {
		if !kept[i] {
			continue
		}
		s := &list[i]
		placed[i] = len(out.Nodes)
		out.Nodes = append(out.Nodes, sankeyNode{
			Name: s.name, Depth: s.depth, Value: s.value, Source: s.source, Self: s.self,
			Calls: s.calls, Errors: s.failed, Steps: 1,
		})
		if s.parent >= 0 {
			out.Links = append(out.Links, sankeyLink{placed[s.parent], placed[i], s.value - s.source})
		}
	}
	out.gather(list, kept, placed)
	for i := range out.Nodes {
		out.Total += out.Nodes[i].Source
	}
	return out
}

// gather adds the steps that have no place to the others of their column. Below
// another of the others a step goes where that went.
func (d *sankey) gather(list []drawn, kept []bool, placed []int) {
	others := map[int]int{} // by column
	for i := range list {
		s := &list[i]
		if kept[i] || s.value == 0 {
			continue
		}
		to, within := -1, s.parent >= 0 && !kept[s.parent]
		if within {
			to = placed[s.parent]
		} else if known, ok := others[s.depth]; ok {
			to = known
		}
		if to < 0 {
			to = len(d.Nodes)
			d.Nodes = append(d.Nodes, sankeyNode{Name: "others", Depth: s.depth})
			others[s.depth] = to
		}
		placed[i] = to
		n := &d.Nodes[to]
		n.Value += s.self
		n.Self += s.self
		n.Source += s.source
		n.Calls += s.calls
		n.Errors += s.failed
		n.Steps++
		if !within && s.parent >= 0 {
			d.connect(placed[s.parent], to, s.value-s.source)
		}
	}
}

func (d *sankey) connect(from, to int, value int64) {
	for i := range d.Links {
		if l := &d.Links[i]; l.Source == from && l.Target == to {
			l.Value += value
			return
		}
	}
	d.Links = append(d.Links, sankeyLink{from, to, value})
}
