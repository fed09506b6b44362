package query

import (
	"context"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/model"
)

// Dependencies is who called whom over a period.
type Dependencies struct {
	Graph    Graph
	LastSeen int64 // Unix ns, the end of the latest flow counted; 0 when there is none
	Period   Period
	Partial  bool // some blocks could not be read; their flows are missing
}

// Dependencies returns the graph of all flows, or with f.Service or
// f.Namespace the part of it around the services these name: they, their
// callers and callees, and the edges among them.
func (e *Engine) Dependencies(ctx context.Context, f Filter) (Dependencies, error) {
	f.Period = f.Period.widen()
	sum := model.NewGraph()
	var lastSeen int64
	rollups, err := e.rollups(ctx, f, 0, 0)
	if err != nil {
		return Dependencies{}, err
	}
	for _, r := range rollups.List {
		lastSeen = max(lastSeen, r.LastSeen)
		sum.Merge(r.Graph)
	}
	infos, err := e.infos(ctx, f.Period, f.Environment)
	if err != nil {
		return Dependencies{}, err
	}
	analyze.Resolve(sum)
	critical := criticalTime(sum)
	if f.Service != "" || f.Namespace != "" {
		sum = analyze.Neighbourhood(sum, f.matches)
	}
	return Dependencies{e.graph(sum, infos, critical), lastSeen, f.Period, rollups.Partial}, nil
}
