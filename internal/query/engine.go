package query

import (
	"context"
	"iter"
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
	// Rollups yields rollups in no order; several may have the same key.
	Rollups(ctx context.Context, q model.RollupQuery) iter.Seq2[*model.Rollup, error]
	// Resources returns the resources that spans in [from, to) came from.
	Resources(ctx context.Context, from, to int64) ([]model.SeenResource, error)
}

// Engine answers questions from what a Reader holds. It has no state of its
// own and may be used by any number of goroutines.
type Engine struct {
	reader  Reader
	analyze analyze.Config
	now     func() time.Time
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
}

// rollups yields what f selects, whatever services it reached.
func (e *Engine) rollups(ctx context.Context, f Filter) iter.Seq2[*model.Rollup, error] {
	return e.reader.Rollups(ctx, model.RollupQuery{
		From: f.Period.From, To: f.Period.To, Operation: f.Operation, Environment: f.Environment,
	})
}

// reaching yields what f selects, whole operations at a time: an operation
// that reached f.Service once in the period is counted with all its flows.
func (e *Engine) reaching(ctx context.Context, f Filter) iter.Seq2[*model.Rollup, error] {
	all := e.rollups(ctx, f)
	if f.Service == "" && f.Namespace == "" {
		return all
	}
	return func(yield func(*model.Rollup, error) bool) {
		reached := map[string]bool{}
		for r, err := range all {
			if err != nil {
				yield(nil, err)
				return
			}
			if !reached[r.Operation] && reaches(r.Graph, f) {
				reached[r.Operation] = true
			}
		}
		for r, err := range all {
			if (err != nil || reached[r.Operation]) && !yield(r, err) {
				return
			}
		}
	}
}

func reaches(g *model.Graph, f Filter) bool {
	for n := range g.Nodes {
		if f.matches(n) {
			return true
		}
	}
	return false
}

// matches reports whether n is a service that f names.
func (f Filter) matches(n model.Node) bool {
	return n.Kind == model.NodeService &&
		(f.Service == "" || n.Name == f.Service) &&
		(f.Namespace == "" || n.Namespace == f.Namespace)
}
