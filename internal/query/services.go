package query

import (
	"cmp"
	"context"
	"slices"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/model"
)

// Service is one service in one environment.
type Service struct {
	Name, Namespace, Environment string
	Pods                         int      // seen in the period
	Versions                     []string // the latest seen first
	Status                       analyze.NodeStatus
	Metrics                      ServiceMetrics
}

// ServiceMetrics is how the requests of a service did over a period.
type ServiceMetrics struct {
	Requests, Errors int64
	RequestRate      float64 // a second
	ErrorRate        float64
	Latency          Latency
}

// Services is the services seen in a period, by namespace and name.
type Services struct {
	Services []Service
	Period   Period
	Partial  bool // some blocks could not be read; what they hold is missing
}

// place is a service in an environment.
type place struct {
	service     model.Node
	environment string
}

// found is what is known of a place.
type found struct {
	stats     model.NodeStats
	instances instances
}

// Services returns the services that f selects: those with requests, and
// those that only sent spans.
func (e *Engine) Services(ctx context.Context, f Filter) (Services, error) {
	f.Period = f.Period.widen()
	places := map[place]*found{}
	at := func(n model.Node, environment string) *found {
		p := places[place{n, environment}]
		if p == nil {
			p = &found{instances: newInstances()}
			places[place{n, environment}] = p
		}
		return p
	}
	rollups, err := e.rollups(ctx, f, 0, model.RollupNodes)
	if err != nil {
		return Services{}, err
	}
	for _, r := range rollups.List {
		for n, s := range r.Graph.Nodes {
			if f.matches(n) {
				addRequests(&at(n, r.Environment).stats, s)
			}
		}
	}
	resources, err := e.resources(ctx, f)
	if err != nil {
		return Services{}, err
	}
	for i := range resources.List {
		r := &resources.List[i]
		at(serviceOf(&r.ResourceInfo), r.Environment).instances.add(r)
	}
	return Services{e.listServices(places, f.Period), f.Period, rollups.Partial || resources.Partial}, nil
}

func addRequests(sum, s *model.NodeStats) {
	sum.Requests += s.Requests
	sum.Errors += s.Errors
	sum.Latency.Merge(&s.Latency)
}

// resources returns the resources of the services that f selects.
func (e *Engine) resources(ctx context.Context, f Filter) (model.SeenResources, error) {
	all, err := e.reader.Resources(ctx, f.Period.From, f.Period.To)
	if err != nil {
		return model.SeenResources{}, err
	}
	var list []model.SeenResource
	for _, r := range all.List {
		if f.matches(serviceOf(&r.ResourceInfo)) && f.isAt(r.Environment) {
			list = append(list, r)
		}
	}
	return model.SeenResources{List: list, Partial: all.Partial}, nil
}

func (e *Engine) listServices(places map[place]*found, p Period) []Service {
	list := make([]Service, 0, len(places))
	for at, f := range places {
		list = append(list, Service{
			Name:        at.service.Name,
			Namespace:   at.service.Namespace,
			Environment: at.environment,
			Pods:        len(f.instances.pods),
			Versions:    f.instances.listVersions(),
			Status:      e.analyze.NodeStatus(f.stats.Requests, f.stats.Errors),
			Metrics:     e.metrics(&f.stats, p),
		})
	}
	slices.SortFunc(list, func(a, b Service) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name),
			cmp.Compare(a.Environment, b.Environment))
	})
	return list
}

func (e *Engine) metrics(s *model.NodeStats, p Period) ServiceMetrics {
	return ServiceMetrics{
		Requests:    s.Requests,
		Errors:      s.Errors,
		RequestRate: float64(s.Requests) / e.seconds(p),
		ErrorRate:   share(s.Errors, s.Requests),
		Latency:     latencyOf(&s.Latency),
	}
}
