// Package querytest holds traces in memory for tests of queries and of what
// serves them. What it answers is what a store answers, worked out the slow
// and obvious way.
package querytest

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/analyze/analyzetest"
	"github.com/flowscope/flowscope/internal/model"
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
	var list []model.FlowSummary
	for i := range r.flows {
		if selects(&q, &r.flows[i]) {
			list = append(list, r.flows[i])
		}
	}
	slices.SortFunc(list, func(a, b model.FlowSummary) int {
		if q.ByDuration && a.Duration != b.Duration {
			return cmp.Compare(b.Duration, a.Duration)
		}
		return cmp.Or(cmp.Compare(b.Start, a.Start), slices.Compare(a.TraceID[:], b.TraceID[:]))
	})
	from := min(q.Offset, len(list))
	return model.FlowPage{
		Flows: list[from:min(from+q.Limit, len(list))], Total: len(list), Partial: r.Partial,
	}, nil
}

func selects(q *model.FlowQuery, f *model.FlowSummary) bool {
	return f.Start >= q.From && (q.To == 0 || f.Start < q.To) &&
		(q.Operation == "" || f.Operation == q.Operation) &&
		(q.Environment == "" || f.Environment == q.Environment) &&
		(q.Status == nil || f.Status == *q.Status) &&
		f.Duration >= int64(q.MinDuration) && (q.MaxDuration == 0 || f.Duration <= int64(q.MaxDuration)) &&
		(q.Service == "" && q.Namespace == "" || slices.ContainsFunc(f.Services, func(n model.Node) bool {
			return (q.Service == "" || n.Name == q.Service) && (q.Namespace == "" || n.Namespace == q.Namespace)
		}))
}

// FindTraces returns the traces that q selects.
func (r *Reader) FindTraces(ctx context.Context, q model.TraceQuery) (model.TracePage, error) {
	rows := q.Filter.Flow
	rows.From, rows.To, rows.ByDuration, rows.Limit = q.From, q.To, q.ByDuration, len(r.flows)
	all, err := r.Flows(ctx, rows)
	if err != nil {
		return model.TracePage{}, err
	}
	page := model.TracePage{Scanned: model.Scanned{Blocks: 1, Rows: int64(len(r.flows)), Bytes: 1000}}
	if r.Partial {
		page.Partial = []model.PartialReason{model.PartialDamage}
	}
	waiting := q.After != nil && q.After.Last != nil
	for _, f := range all.Flows {
		found := model.FoundTrace{FlowSummary: f}
		bits := uint64(0)
		for _, s := range r.traces[f.TraceID].Spans {
			if b := q.Filter.MatchSpan(s); b != 0 {
				bits |= b
				found.Matched++
				found.Samples = append(found.Samples, s)
			}
		}
		found.Samples = found.Samples[:min(len(found.Samples), model.SampleSpans)]
		switch {
		case !q.Filter.Match(&f, bits):
		case waiting:
			waiting = f.TraceID != q.After.Last.TraceID
		case len(page.Traces) == q.Limit:
			last := page.Traces[q.Limit-1]
			page.Next = &model.TraceCursor{From: q.From, To: q.To, Last: &model.TracePlace{
				Start: last.Start, Duration: last.Duration, TraceID: last.TraceID,
			}}
			return page, nil
		default:
			page.Traces = append(page.Traces, found)
		}
	}
	return page, nil
}

// Rollups adds up the rollups that q selects. Where their Step is concerned it
// knows of no tiers.
func (r *Reader) Rollups(ctx context.Context, q model.RollupQuery) (model.Rollups, error) {
	if err := cmp.Or(r.Fail, ctx.Err()); err != nil {
		return model.Rollups{}, err
	}
	sums := map[model.RollupKey]*model.Rollup{}
	from := q.From - q.From%int64(model.RollupBucket)
	for key, one := range r.rollups {
		if key.Bucket < from || (q.To != 0 && key.Bucket >= q.To) ||
			(q.Operation != "" && key.Operation != q.Operation) || (q.Environment != "" && key.Environment != q.Environment) {
			continue
		}
		slot := key
		slot.Bucket = from
		if q.Step > 0 {
			slot.Bucket = key.Bucket - (key.Bucket-from)%int64(q.Step)
		}
		if sums[slot] == nil {
			sums[slot] = &model.Rollup{RollupKey: slot, Graph: model.NewGraph()}
		}
		sums[slot].Merge(only(one, q.Parts))
	}
	return model.Rollups{List: slices.Collect(maps.Values(sums)), Partial: r.Partial}, nil
}

// only is the wanted parts of a rollup.
func only(r *model.Rollup, parts model.RollupParts) *model.Rollup {
	out := &model.Rollup{RollupKey: r.RollupKey, Graph: &model.Graph{}}
	if parts.Has(model.RollupFlows) {
		*out = *r
		out.Graph = &model.Graph{}
	}
	if parts.Has(model.RollupNodes) {
		out.Graph.Nodes = r.Graph.Nodes
	}
	if parts.Has(model.RollupEdges) {
		out.Graph.Edges = r.Graph.Edges
	}
	return out
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
