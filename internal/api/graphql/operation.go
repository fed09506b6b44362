package graphql

import (
	"context"
	"maps"
	"net/url"
)

type operationsArgs struct {
	Environment, Service *string
	periodArgs
	pageArgs
}

type operation struct {
	Name                            string
	Environments                    []string
	Count, ErrorCount, TimeoutCount whole
	ErrorRate, Rate                 float64
	latencies
	LastSeen instant
	Series   []whole

	asked url.Values // environment and period of the list
}

type operationGraph struct {
	OperationName string
	Period        period
	FlowCount     whole
	graph
	Partial bool
}

// Operations and services on a page, at most as REST has it.
const defaultRollups, maxRollups = 100, 1000

// Operations reads a page of operations.
func (*root) Operations(ctx context.Context, args operationsArgs) (*connection[operation], error) {
	params := paramsOf(args)
	asked := askedOf(params)
	page, err := window[operation](ctx, "operations", params, args.pageArgs, defaultRollups, maxRollups)
	if err != nil {
		return nil, err
	}
	for i := range page.Edges {
		page.Edges[i].Node = page.Edges[i].Node.about(asked)
	}
	return page, nil
}

// askedOf keeps what the graph and the figures of one operation are asked with.
func askedOf(params url.Values) url.Values {
	asked := url.Values{}
	for _, name := range []string{"environment", "startTime", "endTime"} {
		if params.Has(name) {
			asked[name] = params[name]
		}
	}
	return asked
}

// about is a copy that knows what it was asked with.
func (o *operation) about(asked url.Values) *operation {
	one := *o
	one.asked = asked
	return &one
}

// Operation reads one, nil when it is not there.
func (*root) Operation(ctx context.Context, args struct {
	Name        string
	Environment *string
	periodArgs
}) (*operation, error) {
	if err := spend(ctx, 1, 1); err != nil {
		return nil, err
	}
	asked := paramsOf(struct {
		Environment *string
		periodArgs
	}{args.Environment, args.periodArgs})
	if args.Name == "" {
		return nil, nil //nolint:nilnil // GraphQL's null
	}
	params := maps.Clone(asked)
	params.Set("operation", args.Name)
	found, err := read[list[operation]](ctx, "operations", "", params)
	if err != nil || len(found.Operations) == 0 {
		return nil, err
	}
	return found.Operations[0].about(asked), nil
}

// Graph is read.
func (o *operation) Graph(ctx context.Context) (*operationGraph, error) {
	return read[operationGraph](ctx, "operations/{operationName}/graph", o.Name, o.asked)
}

// Stats are read.
func (o *operation) Stats(ctx context.Context) (*stats, error) {
	return read[stats](ctx, "operations/{operationName}/stats", o.Name, o.asked)
}
