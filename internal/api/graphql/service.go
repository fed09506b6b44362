package graphql

import (
	"context"
	"maps"
	"net/url"

	gg "github.com/graph-gophers/graphql-go"
)

type servicesArgs struct {
	Namespace, Environment *string
	periodArgs
	pageArgs
}

// service is a row of a list of services, or the beginning of one's detail.
type service struct {
	Name, Namespace, Environment string
	Versions                     []string
	Status                       string
	Metrics                      serviceMetrics
	Rows                         *int32 `json:"podCount"` // nil when it was not listed

	asked url.Values // what its detail is read with
}

type serviceMetrics struct {
	RequestRate, ErrorRate float64
	latencies
	RequestCount, ErrorCount whole
}

type serviceAnswer struct {
	Service struct {
		service
		Pods         []*pod
		Dependencies neighbours
		Operations   []string
	}
	Partial bool
}

type pod struct {
	Name, Node, Version, Status string
	LastSeen                    instant
}

type neighbours struct{ Upstream, Downstream []gg.ID }

// Services reads a page of services.
func (*root) Services(ctx context.Context, args servicesArgs) (*connection[service], error) {
	params := paramsOf(args)
	asked := askedOf(params)
	page, err := window[service](ctx, "services", params, args.pageArgs, defaultRollups, maxRollups)
	if err != nil {
		return nil, err
	}
	for i := range page.Edges {
		one := *page.Edges[i].Node
		one.asked = exactly(one.Namespace, one.Environment)
		for _, name := range []string{"startTime", "endTime"} {
			if asked.Has(name) {
				one.asked[name] = asked[name]
			}
		}
		page.Edges[i].Node = &one
	}
	return page, nil
}

// Service reads one service.
func (*root) Service(ctx context.Context, args struct {
	Name                   string
	Namespace, Environment *string
	periodArgs
}) (*service, error) {
	if err := spend(ctx, 1, 1); err != nil {
		return nil, err
	}
	if args.Name == "" {
		return nil, bad("name", "name is empty")
	}
	asked := paramsOf(args.periodArgs)
	if args.Namespace != nil && args.Environment != nil {
		maps.Copy(asked, exactly(*args.Namespace, *args.Environment))
	} else {
		maps.Copy(asked, paramsOf(struct{ Namespace, Environment *string }{args.Namespace, args.Environment}))
	}
	d, err := read[serviceAnswer](ctx, "services/{serviceName}", args.Name, asked)
	if err != nil {
		return nil, err
	}
	one := d.Service.service
	one.asked = asked
	return &one, nil
}

// exactly asks for a service of a namespace and an environment, which may be empty.
func exactly(namespace, environment string) url.Values {
	asked := url.Values{"exact": {"true"}}
	if namespace != "" {
		asked.Set("namespace", namespace)
	}
	if environment != "" {
		asked.Set("environment", environment)
	}
	return asked
}

func (s *service) detail(ctx context.Context) (*serviceAnswer, error) {
	return read[serviceAnswer](ctx, "services/{serviceName}", s.Name, s.asked)
}

// Version is the one seen last.
func (s *service) Version() string {
	if len(s.Versions) == 0 {
		return ""
	}
	return s.Versions[0]
}

// PodCount is that of the list, or of the pods.
func (s *service) PodCount(ctx context.Context) (int32, error) {
	if s.Rows != nil {
		return *s.Rows, nil
	}
	d, err := s.detail(ctx)
	if err != nil {
		return 0, err
	}
	return int32(len(d.Service.Pods)), nil //nolint:gosec // a service has thousands of pods at most
}

// Pods are read.
func (s *service) Pods(ctx context.Context) ([]*pod, error) {
	d, err := s.detail(ctx)
	if err != nil {
		return nil, err
	}
	return d.Service.Pods, nil
}

// Dependencies are read.
func (s *service) Dependencies(ctx context.Context) (*neighbours, error) {
	d, err := s.detail(ctx)
	if err != nil {
		return nil, err
	}
	return &d.Service.Dependencies, nil
}

// Operations are read.
func (s *service) Operations(ctx context.Context) ([]string, error) {
	d, err := s.detail(ctx)
	if err != nil {
		return nil, err
	}
	return d.Service.Operations, nil
}

// Partial is read.
func (s *service) Partial(ctx context.Context) (bool, error) {
	d, err := s.detail(ctx)
	if err != nil {
		return false, err
	}
	return d.Partial, nil
}
