package analyze

import (
	"encoding/binary"

	"github.com/flowscope/flowscope/internal/model"
)

const (
	// maxShapes of at most maxShapeCalls nodes and calls are kept. An edge is 80
	// bytes, which makes 10 MB.
	maxShapes     = 2048
	maxShapeCalls = 64
)

// shapes keeps one copy of the shapes that flows had of late.
type shapes struct {
	known map[string]shape
	key   []byte // scratch
}

// shape is a shape, and the services among its nodes.
type shape struct {
	*model.Shape
	services []model.Node
}

// of returns the shape of the flow at work in a and the services in it.
func (s *shapes) of(a *Analyzer) (*model.Shape, []model.Node) {
	w := &a.work
	if len(w.visits)+len(w.calls) > maxShapeCalls {
		made := a.makeShape()
		return made.Shape, made.services
	}
	s.key = s.key[:0]
	for i := range w.visits {
		v := &w.visits[i]
		s.key = binary.LittleEndian.AppendUint32(s.key, uint32(v.node)<<1|uint32(one(v.hasSpans)))
	}
	for i := range w.calls {
		c := &w.calls[i] // nodes are below 2^31, so that this is no visit
		s.key = binary.LittleEndian.AppendUint32(s.key, ^uint32(c.from))
		s.key = binary.LittleEndian.AppendUint32(s.key, uint32(c.to))
	}
	if found, ok := s.known[string(s.key)]; ok {
		return found.Shape, found.services
	}
	if len(s.known) >= maxShapes {
		clear(s.known)
	}
	made := a.makeShape()
	s.known[string(s.key)] = made
	return made.Shape, made.services
}

func (a *Analyzer) makeShape() shape {
	w := &a.work
	made := shape{Shape: &model.Shape{Nodes: make([]model.Node, len(w.visits)), Edges: make([]model.Edge, len(w.calls))}}
	for i, v := range w.visits {
		made.Nodes[i] = a.names.nodes[v.node]
		if v.hasSpans {
			made.services = append(made.services, made.Nodes[i])
		}
	}
	for i, c := range w.calls {
		made.Edges[i] = model.Edge{From: a.names.nodes[c.from], To: a.names.nodes[c.to]}
	}
	return made
}
