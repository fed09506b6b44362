package query

import (
	"context"
	"slices"
	"time"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/model"
)

// Reader is what the engine asks of a store. Its methods may be called by any
// number of goroutines; what they return is read-only.
type Reader interface {
	// Trace returns the spans of a trace, or model.ErrNotFound.
	Trace(ctx context.Context, id model.TraceID) (*model.Trace, error)
	// Flows returns a page of the flows that q selects.
	Flows(ctx context.Context, q model.FlowQuery) (model.FlowPage, error)
	// FindTraces returns a page of the traces that q selects.
	FindTraces(ctx context.Context, q model.TraceQuery) (model.TracePage, error)
	// Rollups adds up the rollups that q selects.
	Rollups(ctx context.Context, q model.RollupQuery) (model.Rollups, error)
	// Resources returns the resources that spans in [from, to) came from.
	Resources(ctx context.Context, from, to int64) (model.SeenResources, error)
}

// Engine answers questions from what a Reader holds. It may be used by any
// number of goroutines.
type Engine struct {
	reader  Reader
	analyze analyze.Config
	now     func() time.Time
	usuals  usualCache
}

// New returns an engine. now is the clock that rates and "running" go by.
func New(r Reader, c analyze.Config, now func() time.Time) *Engine {
	return &Engine{reader: r, analyze: c, now: now}
}

// Filter selects what an answer made of rollups is about. Zero fields select
// everything.
type Filter struct {
	Period      Period
	Operation   string
	Environment string
	Service     string // operations that reached this service in the period
	Namespace   string // of that service
	Exact       bool   // of one service: an empty Namespace or Environment is that, not any
}

// rollups returns parts of the rollups that f selects, whatever services they
// reached, added up over the period or, when it is not zero, over each step of it.
func (e *Engine) rollups(ctx context.Context, f Filter, step time.Duration, parts model.RollupParts) (model.Rollups, error) {
	return e.reader.Rollups(ctx, model.RollupQuery{
		From: f.Period.From, To: f.Period.To, Operation: f.Operation, Environment: f.Environment,
		Step: step, Parts: parts,
	})
}

// reaching returns the flows that f selects, whole operations at a time: an
// operation that reached f.Service once in the period is counted with all its
// flows.
func (e *Engine) reaching(ctx context.Context, f Filter, step time.Duration) (model.Rollups, error) {
	flows, err := e.rollups(ctx, f, step, model.RollupFlows)
	if err != nil || (f.Service == "" && f.Namespace == "") {
		return flows, err
	}
	nodes, err := e.rollups(ctx, f, 0, model.RollupNodes)
	if err != nil {
		return model.Rollups{}, err
	}
	reached := f.reached(nodes.List)
	flows.List = slices.DeleteFunc(flows.List, func(r *model.Rollup) bool { return !reached(r) })
	return flows, nil
}

// reached tells which rollups are of an operation that reached the service that
// f names, going by the nodes of all that were seen.
func (f Filter) reached(seen []*model.Rollup) func(r *model.Rollup) bool {
	if f.Service == "" && f.Namespace == "" {
		return func(*model.Rollup) bool { return true }
	}
	operations := map[string]bool{}
	for _, r := range seen {
		for n := range r.Graph.Nodes {
			if f.matches(n) {
				operations[r.Operation] = true
			}
		}
	}
	return func(r *model.Rollup) bool { return operations[r.Operation] }
}

// matches reports whether n is a service that f names.
func (f Filter) matches(n model.Node) bool {
	return n.Kind == model.NodeService &&
		(f.Service == "" || n.Name == f.Service) &&
		(f.Namespace == "" && !f.Exact || n.Namespace == f.Namespace)
}

// isAt reports whether an environment is one that f selects.
func (f Filter) isAt(environment string) bool {
	return f.Environment == "" && !f.Exact || environment == f.Environment
}
