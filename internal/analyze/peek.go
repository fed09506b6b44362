package analyze

import (
	"slices"

	"github.com/flowscope/flowscope/internal/model"
)

// Glimpse is what was seen of a trace that is still open. The zero Glimpse has
// seen nothing. It holds the batches of its spans in memory.
type Glimpse struct {
	flow  model.OpenFlow
	about about
	root  bool
}

// Peek adds a span of an open trace to g: its own data and its attributes that
// name the operation, without analysing how spans belong together.
func (a *Analyzer) Peek(g *Glimpse, s model.Span) {
	f, src := &g.flow, a.source(s.Batch)
	isRoot := s.ParentID().IsZero()
	for _, attr := range s.Attrs() {
		k := src.keys[attr.Key]
		if k == keyUnseen {
			k = a.key(src, attr.Key)
		}
		if k >= keyOperation {
			g.about.offerOperation(k, firstText(s.Batch.Value(attr)), isRoot)
		}
	}
	node := a.names.nodes[a.nodeOf(src, s)]
	if len(f.Services) < model.MaxOpenServices && !slices.Contains(f.Services, node) {
		f.Services = append(f.Services, node)
	}
	if f.SpanCount == 0 || s.Start() < f.Start {
		f.Start = s.Start()
	}
	if f.SpanCount == 0 || s.End() >= f.End {
		f.End, f.Current = s.End(), node
	}
	f.SpanCount++
	if s.Status() == model.StatusError {
		f.ErrorCount++
	}
	a.peekEnvironment(g, s, isRoot)
	if isRoot && !g.root {
		g.root, f.RootService, f.RootName = true, node, a.names.text(s.Name())
	}
}

// peekEnvironment keeps the root's environment, else the first that is said.
func (a *Analyzer) peekEnvironment(g *Glimpse, s model.Span, isRoot bool) {
	if e := s.Resource().Environment; e != "" && (g.flow.Environment == "" || (isRoot && !g.root)) {
		g.flow.Environment = a.names.label(a.names.environments, e)
	}
}

// Open is a copy of what g has seen, as the flow of a trace.
func (a *Analyzer) Open(g *Glimpse, id model.TraceID) *model.OpenFlow {
	f := g.flow
	f.TraceID, f.Services = id, slices.Clone(f.Services)
	switch {
	case g.about.operation != "":
		f.Operation = a.names.label(a.names.operations, g.about.operation)
	case g.root:
		f.Operation = a.names.label(a.names.operations, f.RootName)
	}
	return &f
}
