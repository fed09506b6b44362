package query

import (
	"context"
	"time"

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

// usualTime is how much time before a flow tells what was usual for it: enough
// calls for a median, short enough that a burst of failures is still about
// this flow.
const usualTime = 5 * time.Minute

// usual is the graph of all flows around a time, from which analysis tells a
// call that an open circuit breaker refused.
func (e *Engine) usual(ctx context.Context, start int64) (*model.Graph, error) {
	around := Period{start - int64(usualTime), start + 1}.widen()
	g := model.NewGraph()
	rollups, err := e.rollups(ctx, Filter{Period: around}, 0, model.RollupNodes|model.RollupEdges)
	if err != nil {
		return nil, err
	}
	for _, r := range rollups.List {
		g.Merge(r.Graph)
	}
	analyze.Resolve(g)
	return g, nil
}
