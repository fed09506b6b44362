// Package querytest holds traces in memory for tests of queries and of what
// serves them. What it answers is what a store answers, worked out the slow
// and obvious way.
package querytest

import (
	"cmp"
	"context"
	"errors"
	"maps"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/analyze/analyzetest"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/query/held"
)

// Reader answers from the traces it was made of. It is read-only but for its
// exported fields, which are set before use.
type Reader struct {
	// Fail is what every method returns when it is set.
	Fail error
	// RollupsOnly makes reading a trace or flows an error.
	RollupsOnly bool
	// Partial says that some blocks could not be read.
	Partial bool

	traces    map[model.TraceID]*model.Trace
	flows     []model.FlowSummary
	rollups   map[model.RollupKey]*model.Rollup
	resources map[model.ResourceInfo]*model.SeenResource
}

// ErrRollupsOnly is the answer of a RollupsOnly reader to other questions.
var ErrRollupsOnly = errors.New("only rollups are to be read")

// New analyses the traces of batches one after another.
func New(c analyze.Config, batches ...*model.Batch) *Reader {
	r := &Reader{
		traces:    map[model.TraceID]*model.Trace{},
		rollups:   map[model.RollupKey]*model.Rollup{},
		resources: map[model.ResourceInfo]*model.SeenResource{},
	}
	a := analyze.New(c)
	for _, t := range analyzetest.Traces(batches...) {
		flow := a.Count(t)
		r.traces[t.ID] = t
		r.flows = append(r.flows, *flow.FlowSummary)
		r.AddFlow(flow, 1)
		for _, s := range t.Spans {
			r.see(s)
		}
	}
	return r
}

// AddFlow counts a flow in its rollup, or takes it away when sign is -1.
func (r *Reader) AddFlow(f *model.Flow, sign int64) {
	key := model.KeyOf(f.FlowSummary)
	sum := r.rollups[key]
	if sum == nil {
		sum = &model.Rollup{RollupKey: key, Graph: model.NewGraph()}
		r.rollups[key] = sum
	}
	sum.AddFlow(f, sign)
}

func (r *Reader) see(s model.Span) {
	info := *s.Resource()
	seen := r.resources[info]
	if seen == nil {
		seen = &model.SeenResource{ResourceInfo: info, First: s.Start()}
		r.resources[info] = seen
	}
	seen.First, seen.Last = min(seen.First, s.Start()), max(seen.Last, s.End())
}

// Trace returns a trace or model.ErrNotFound.
func (r *Reader) Trace(ctx context.Context, id model.TraceID) (*model.Trace, error) {
	if err := cmp.Or(r.Fail, ctx.Err(), r.onlyRollups()); err != nil {
		return nil, err
	}
	t := r.traces[id]
	if t == nil {
		return nil, model.ErrNotFound
	}
	return t, nil
}

func (r *Reader) onlyRollups() error {
	if r.RollupsOnly {
		return ErrRollupsOnly
	}
	return nil
}

// Flows returns the flows that q selects.
func (r *Reader) Flows(ctx context.Context, q model.FlowQuery) (model.FlowPage, error) {
	if err := cmp.Or(r.Fail, ctx.Err(), r.onlyRollups()); err != nil {
		return model.FlowPage{}, err
	}
	page := held.Flows(r.flows, q)
	page.Partial = r.Partial
	return page, nil
}

// FindTraces returns the traces that q selects.
func (r *Reader) FindTraces(ctx context.Context, q model.TraceQuery) (model.TracePage, error) {
	if err := cmp.Or(r.Fail, ctx.Err(), r.onlyRollups()); err != nil {
		return model.TracePage{}, err
	}
	page := held.Traces(r.flows, func(id model.TraceID) []model.Span { return r.traces[id].Spans }, q)
	page.Scanned.Blocks, page.Scanned.Bytes = 1, 1000
	if r.Partial {
		page.Partial = []model.PartialReason{model.PartialDamage}
	}
	return page, nil
}

// Rollups adds up the rollups that q selects. Where their Step is concerned it
// knows of no tiers.
func (r *Reader) Rollups(ctx context.Context, q model.RollupQuery) (model.Rollups, error) {
	if err := cmp.Or(r.Fail, ctx.Err()); err != nil {
		return model.Rollups{}, err
	}
	return model.Rollups{List: held.Rollups(maps.Values(r.rollups), q), Partial: r.Partial}, nil
}

// Resources returns the resources seen in [from, to).
func (r *Reader) Resources(ctx context.Context, from, to int64) (model.SeenResources, error) {
	if err := cmp.Or(r.Fail, ctx.Err()); err != nil {
		return model.SeenResources{}, err
	}
	var list []model.SeenResource
	for _, seen := range r.resources {
		if seen.Last >= from && seen.First < to {
			list = append(list, *seen)
		}
	}
	return model.SeenResources{List: list, Partial: r.Partial}, nil
}
