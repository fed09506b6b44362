package graphql

import (
	"context"

	gg "github.com/graph-gophers/graphql-go"
)

type graph struct {
	Nodes []*node
	Edges []*edge
}

type node struct {
	ID      gg.ID
	Kind    string
	Service serviceInfo
	Metrics nodeMetrics
	Status  string
}

type serviceInfo struct{ Name, Namespace, Pod, Version, Deployment string }

// latencies are in ms.
type latencies struct{ AvgLatency, P50Latency, P95Latency, P99Latency float64 }

type nodeMetrics struct {
	RequestCount, ErrorCount whole
	ErrorRate                float64
	latencies
	SelfTime, CriticalShare float64
}

type edge struct {
	From, To              gg.ID
	CallCount, ErrorCount whole
	ErrorRate             float64
	latencies
	RetryCount, CircuitBreakCount whole
}

type dependencyArgs struct {
	Namespace, Service, Environment *string
	periodArgs
}

type dependencies struct {
	graph
	Partial  bool
	Metadata struct {
		Namespace, Service string
		LastUpdated        *instant
		Period             period
	}
}

// Dependencies reads who calls whom.
func (*root) Dependencies(ctx context.Context, args dependencyArgs) (*dependencies, error) {
	if err := spend(ctx, 1, 0); err != nil {
		return nil, err
	}
	return read[dependencies](ctx, "dependencies", "", paramsOf(args))
}
