package encode

import (
	"iter"

	"github.com/flowscope/flowscope/internal/model"
)

// group is the spans of one resource, in the order they came.
type group struct {
	batch    *model.Batch
	resource uint32
	scopes   []scopeGroup
}

// scopeGroup is the spans of one resource and one scope.
type scopeGroup struct {
	scope uint32
	spans []model.Span
}

// groups sorts spans by resource and scope, in order of appearance. Equal
// resources of different batches stay apart.
func groups(spans []model.Span) []*group {
	type key struct {
		batch    *model.Batch
		resource uint32
	}
	var all []*group
	known := map[key]*group{}
	for _, s := range spans {
		k := key{s.Batch, s.Batch.ResourceOf[s.Row]}
		g := known[k]
		if g == nil {
			g = &group{batch: k.batch, resource: k.resource}
			known[k] = g
			all = append(all, g)
		}
		g.add(s)
	}
	return all
}

// add files a span under its scope. A resource has a handful of scopes.
func (g *group) add(s model.Span) {
	scope := s.Batch.ScopeOf[s.Row]
	for i := range g.scopes {
		if g.scopes[i].scope == scope {
			g.scopes[i].spans = append(g.scopes[i].spans, s)
			return
		}
	}
	g.scopes = append(g.scopes, scopeGroup{scope, []model.Span{s}})
}

// attrs yields attributes with their keys and values resolved.
func attrs(b *model.Batch, list []model.Attr) iter.Seq2[string, model.Value] {
	return func(yield func(string, model.Value) bool) {
		for _, a := range list {
			if !yield(b.Strings.Get(a.Key), b.Value(a)) {
				return
			}
		}
	}
}
