package graphql

import (
	"context"
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
	page, err := window[service](ctx, "services", params, args.pageArgs, maxRollups)
	if err != nil {
		return nil, err
	}
	for i := range page.Edges {
		one := *page.Edges[i].Node
		one.asked = url.Values{"namespace": {one.Namespace}, "environment": {one.Environment}}
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
	asked := paramsOf(struct {
		Namespace, Environment *string
		periodArgs
	}{args.Namespace, args.Environment, args.periodArgs})
	d, err := read[serviceAnswer](ctx, "services/{serviceName}", args.Name, asked)
	if err != nil {
		return nil, err
	}
	one := d.Service.service
	one.asked = asked
	return &one, nil
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
