package query

import (
	"context"
	"errors"

	"github.com/flowscope/flowscope/internal/model"
)

// Flows is a page of flows. Graphs is nil, or has the graph of each flow; that
// of a flow whose trace is gone is empty.
type Flows struct {
	model.FlowPage
	Graphs []Graph
}

// Flows returns the page of flows that q selects, with their graphs when they
// are wanted.
func (e *Engine) Flows(ctx context.Context, q model.FlowQuery, graphs bool) (Flows, error) {
	page, err := e.reader.Flows(ctx, q)
	if err != nil || !graphs {
		return Flows{FlowPage: page}, err
	}
	usual, err := e.usualOf(ctx, page.Flows)
	if err != nil {
		return Flows{}, err
	}
	out := Flows{FlowPage: page, Graphs: make([]Graph, len(page.Flows))}
	err = each(ctx, len(page.Flows), func(ctx context.Context, i int) error {
		f := &page.Flows[i]
		t, err := e.reader.Trace(ctx, f.TraceID)
		if errors.Is(err, model.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if len(t.Spans) > 0 {
			out.Graphs[i] = e.show(t, usual[minute(f.Start)]).Graph
		}
		return nil
	})
	return out, err
}

// usualOf returns what was usual in each minute that one of the flows began in.
func (e *Engine) usualOf(ctx context.Context, flows []model.FlowSummary) (map[int64]*model.Graph, error) {
	usual := map[int64]*model.Graph{}
	for i := range flows {
		at := minute(flows[i].Start)
		if usual[at] != nil {
			continue
		}
		g, err := e.usual(ctx, at)
		if err != nil {
			return nil, err
		}
		usual[at] = g
	}
	return usual, nil
}
