package query

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/model"
)

// ServiceDetail is everything about one service. Where a name stands for
// several services because neither namespace nor environment narrows it, their
// figures are added up and the field that differs is empty.
type ServiceDetail struct {
	Name, Namespace, Environment string
	Versions                     []string // the latest seen first
	Pods                         []Pod
	Upstream, Downstream         []model.Node // who calls it, whom it calls
	Operations                   []string     // that reach it
	Status                       analyze.NodeStatus
	Metrics                      ServiceMetrics
	Period                       Period
	Partial                      bool // some blocks could not be read; what they hold is missing
}

// serviceSum is a ServiceDetail in the making.
type serviceSum struct {
	filter       Filter
	stats        model.NodeStats
	instances    instances
	namespaces   map[string]bool
	environments map[string]bool
	operations   map[string]bool
	calls        *model.Graph // from it and to it, without latencies
}

// Service returns the service that f names, or model.ErrNotFound when nothing
// of it was seen in the period.
func (e *Engine) Service(ctx context.Context, f Filter) (ServiceDetail, error) {
	f.Period = f.Period.widen()
	sum := serviceSum{
		filter: f, instances: newInstances(),
		namespaces: map[string]bool{}, environments: map[string]bool{}, operations: map[string]bool{},
		calls: model.NewGraph(),
	}
	rollups, err := e.rollups(ctx, f, 0, model.RollupNodes|model.RollupEdges)
	if err != nil {
		return ServiceDetail{}, err
	}
	for _, r := range rollups.List {
		if f.isAt(r.Environment) {
			sum.addRollup(r)
		}
	}
	resources, err := e.resources(ctx, f)
	if err != nil {
		return ServiceDetail{}, err
	}
	for i := range resources.List {
		r := &resources.List[i]
		sum.namespaces[r.Namespace], sum.environments[r.Environment] = true, true
		sum.instances.add(r)
	}
	if len(sum.namespaces) == 0 {
		return ServiceDetail{}, model.ErrNotFound
	}
	out := e.detail(&sum)
	out.Partial = rollups.Partial || resources.Partial
	return out, nil
}

func (sum *serviceSum) addRollup(r *model.Rollup) {
	for n, s := range r.Graph.Nodes {
		if sum.filter.matches(n) && s.Requests > 0 {
			addRequests(&sum.stats, s)
			sum.namespaces[n.Namespace], sum.environments[r.Environment] = true, true
			sum.operations[r.Operation] = true
		}
	}
	for edge, s := range r.Graph.Edges {
		if sum.filter.matches(edge.To) || sum.filter.matches(edge.From) {
			sum.calls.Edge(edge).Calls += s.Calls
		}
	}
}

// neighbours are the nodes that called the service and those it called.
func (sum *serviceSum) neighbours() (up, down map[model.Node]bool) {
	up, down = map[model.Node]bool{}, map[model.Node]bool{}
	analyze.Resolve(sum.calls)
	for edge, s := range sum.calls.Edges {
		if s.Calls <= 0 {
			continue
		}
		if sum.filter.matches(edge.To) {
			up[edge.From] = true
		}
		if sum.filter.matches(edge.From) {
			down[edge.To] = true
		}
	}
	return up, down
}

func (e *Engine) detail(sum *serviceSum) ServiceDetail {
	up, down := sum.neighbours()
	return ServiceDetail{
		Name:        sum.filter.Service,
		Namespace:   only(sum.namespaces),
		Environment: only(sum.environments),
		Versions:    sum.instances.listVersions(),
		Pods:        sum.instances.listPods(e.now()),
		Upstream:    byID(up),
		Downstream:  byID(down),
		Operations:  slices.Sorted(maps.Keys(sum.operations)),
		Status:      e.analyze.NodeStatus(sum.stats.Requests, sum.stats.Errors),
		Metrics:     e.metrics(&sum.stats, sum.filter.Period),
		Period:      sum.filter.Period,
	}
}

// only is the one member of a set, empty when there are none or several.
func only(set map[string]bool) string {
	if len(set) != 1 {
		return ""
	}
	for v := range set {
		return v
	}
	return ""
}

func byID(set map[model.Node]bool) []model.Node {
	return slices.SortedFunc(maps.Keys(set), func(a, b model.Node) int { return cmp.Compare(a.ID(), b.ID()) })
}
