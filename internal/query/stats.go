package query

import (
	"cmp"
	"context"
	"slices"

	"github.com/flowscope/flowscope/internal/model"
)

// chartSlots is how many points a chart over time has at most. An hour keeps
// its minutes.
const chartSlots = 120

// Stats is how the flows of one operation, or of all, did over a period.
type Stats struct {
	Period   Period
	Counts   Counts
	Services []ServiceCount // the services they reached, the busiest first
	Series   []Point        // oldest first, without gaps
	Previous Counts         // the same for the period just before
	Partial  bool           // some blocks could not be read; their flows are missing
}

// ServiceCount is how many requests a service had.
type ServiceCount struct {
	Service          model.Node
	Requests, Errors int64
}

// Point is one slot of a chart.
type Point struct {
	Time    int64 // Unix ns, when the slot begins
	Count   int64
	Errors  int64
	Latency Latency
}

// Stats adds up the flows that f selects.
func (e *Engine) Stats(ctx context.Context, f Filter) (Stats, error) {
	f.Period = f.Period.widen()
	slots := f.Period.slots(chartSlots)
	var total tally
	series := make([]tally, slots.count)
	flows, err := e.reaching(ctx, f, slots.step())
	if err != nil {
		return Stats{}, err
	}
	for _, r := range flows.List {
		total.add(r)
		series[slots.of(r.Bucket)].add(r)
	}
	services, err := e.servicesOf(ctx, f)
	if err != nil {
		return Stats{}, err
	}
	previous, err := e.previous(ctx, f)
	if err != nil {
		return Stats{}, err
	}
	return Stats{
		Period:   f.Period,
		Counts:   total.counts(e.seconds(f.Period)),
		Services: listServices(services),
		Series:   points(series, slots),
		Previous: previous,
		Partial:  flows.Partial,
	}, nil
}

// previous counts what f selects in the period before f's: nothing, rather than
// a part, when the reader has not seen all of it.
func (e *Engine) previous(ctx context.Context, f Filter) (Counts, error) {
	f.Period = f.Period.before()
	if f.Period.From < e.began() {
		return Counts{}, nil
	}
	var total tally
	flows, err := e.reaching(ctx, f, 0)
	if err != nil {
		return Counts{}, err
	}
	for _, r := range flows.List {
		total.add(r)
	}
	return total.counts(e.seconds(f.Period)), nil
}

// servicesOf counts the requests of the services that the flows f selects
// reached.
func (e *Engine) servicesOf(ctx context.Context, f Filter) (map[model.Node]*ServiceCount, error) {
	nodes, err := e.rollups(ctx, f, 0, model.RollupNodes)
	if err != nil {
		return nil, err
	}
	services := map[model.Node]*ServiceCount{}
	reached := f.reached(nodes.List)
	for _, r := range nodes.List {
		if reached(r) {
			countServices(services, r.Graph)
		}
	}
	return services, nil
}

func countServices(services map[model.Node]*ServiceCount, g *model.Graph) {
	for n, s := range g.Nodes {
		if n.Kind != model.NodeService {
			continue
		}
		c := services[n]
		if c == nil {
			c = &ServiceCount{Service: n}
			services[n] = c
		}
		c.Requests += s.Requests
		c.Errors += s.Errors
	}
}

func listServices(services map[model.Node]*ServiceCount) []ServiceCount {
	list := make([]ServiceCount, 0, len(services))
	for _, c := range services {
		if c.Requests > 0 {
			list = append(list, *c)
		}
	}
	slices.SortFunc(list, func(a, b ServiceCount) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Service.ID(), b.Service.ID()))
	})
	return list
}

func points(series []tally, s slots) []Point {
	list := make([]Point, len(series))
	for i := range series {
		t := &series[i]
		list[i] = Point{Time: s.start(i), Count: t.flows, Errors: t.errors, Latency: latencyOf(&t.latency)}
	}
	return list
}
