package query

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/model"
)

// sparkSlots is how many points a sparkline in a table has at most: more than
// that cannot be told apart in the width of a column.
const sparkSlots = 30

// Operation is one line of the table of operations.
type Operation struct {
	Name         string
	Environments []string // where it ran, sorted
	Counts       Counts
	LastSeen     int64   // Unix ns, the end of its latest flow
	Series       []int64 // flows per slot of the period, oldest first
}

// Operations is the operations that ran in a period, the busiest first.
type Operations struct {
	Operations []Operation
	Period     Period
	Partial    bool // some blocks could not be read; their flows are missing
}

// operation is an Operation in the making.
type operation struct {
	tally
	environments map[string]bool
	series       []int64
}

// Operations returns every operation that f selects.
func (e *Engine) Operations(ctx context.Context, f Filter) (Operations, error) {
	f.Period = f.Period.widen()
	slots := f.Period.slots(sparkSlots)
	flows, err := e.reaching(ctx, f, slots.step())
	if err != nil {
		return Operations{}, err
	}
	byName := map[string]*operation{}
	for _, r := range flows.List {
		op := byName[r.Operation]
		if op == nil {
			op = &operation{environments: map[string]bool{}, series: make([]int64, slots.count)}
			byName[r.Operation] = op
		}
		op.add(r)
		op.environments[r.Environment] = true
		op.series[slots.of(r.Bucket)] += r.Flows
	}
	return Operations{e.listOperations(byName, f.Period), f.Period, flows.Partial}, nil
}

func (e *Engine) listOperations(byName map[string]*operation, p Period) []Operation {
	seconds := e.seconds(p)
	list := make([]Operation, 0, len(byName))
	for name, op := range byName {
		if op.flows <= 0 {
			continue // every flow of it turned out to belong to another operation
		}
		list = append(list, Operation{
			Name:         name,
			Environments: slices.Sorted(maps.Keys(op.environments)),
			Counts:       op.counts(seconds),
			LastSeen:     op.lastSeen,
			Series:       op.series,
		})
	}
	slices.SortFunc(list, func(a, b Operation) int {
		return cmp.Or(cmp.Compare(b.Counts.Total, a.Counts.Total), cmp.Compare(a.Name, b.Name))
	})
	return list
}

// OperationGraph is the flow graph of an operation added up over a period.
type OperationGraph struct {
	Graph   Graph
	Flows   int64
	Period  Period
	Partial bool // some blocks could not be read; their flows are missing
}

// OperationGraph returns the flow graph of f.Operation in f.Environment.
func (e *Engine) OperationGraph(ctx context.Context, f Filter) (OperationGraph, error) {
	f.Period = f.Period.widen()
	sum := model.NewGraph()
	var flows int64
	rollups, err := e.rollups(ctx, f, 0, 0)
	if err != nil {
		return OperationGraph{}, err
	}
	for _, r := range rollups.List {
		flows += r.Flows
		sum.Merge(r.Graph)
	}
	analyze.Resolve(sum)
	infos, err := e.infos(ctx, f.Period, f.Environment)
	if err != nil {
		return OperationGraph{}, err
	}
	return OperationGraph{e.graph(sum, infos, criticalTime(sum)), flows, f.Period, rollups.Partial}, nil
}
