package query

import (
	"context"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/model"
)

// Trace is one trace and everything that is shown of it. A flow is its trace,
// so this is the detail of a flow, too.
type Trace struct {
	*analyze.Analysis
	Graph Graph
}

// FindTraces returns a page of the traces that q selects.
func (e *Engine) FindTraces(ctx context.Context, q model.TraceQuery) (model.TracePage, error) {
	return e.reader.FindTraces(ctx, q)
}

// Trace analyses what is stored of a trace, or returns model.ErrNotFound.
func (e *Engine) Trace(ctx context.Context, id model.TraceID) (*Trace, error) {
	t, err := e.reader.Trace(ctx, id)
	if err != nil {
		return nil, err
	}
	if len(t.Spans) == 0 {
		return nil, model.ErrNotFound
	}
	start := t.Spans[0].Start()
	for _, s := range t.Spans {
		start = min(start, s.Start())
	}
	usual, err := e.usual(ctx, start)
	if err != nil {
		return nil, err
	}
	return e.show(t, usual), nil
}

func (e *Engine) show(t *model.Trace, usual *model.Graph) *Trace {
	analysis := analyze.Trace(t, e.analyze, usual)
	g := model.NewGraph()
	g.AddFlow(analysis.Flow, 1)
	return &Trace{Analysis: analysis, Graph: e.graph(g, infosOf(t), criticalTime(g))}
}
