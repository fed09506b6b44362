package analyze

import "github.com/flowscope/flowscope/internal/model"

// Neighbourhood is the part of g around the nodes that keep selects: they,
// their callers and callees, and all edges among these. It shares its stats
// with g.
func Neighbourhood(g *model.Graph, keep func(model.Node) bool) *model.Graph {
	out := model.NewGraph()
	include := func(n model.Node) {
		if s := g.Nodes[n]; s != nil {
			out.Nodes[n] = s
		}
	}
	for n := range g.Nodes {
		if keep(n) {
			include(n)
		}
	}
	for e := range g.Edges {
		if keep(e.From) || keep(e.To) {
			include(e.From)
			include(e.To)
		}
	}
	for e, s := range g.Edges {
		if out.Nodes[e.From] != nil && out.Nodes[e.To] != nil {
			out.Edges[e] = s
		}
	}
	return out
}
