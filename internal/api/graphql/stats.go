package graphql

import "context"

type statsArgs struct {
	Environment, Service *string
	periodArgs
}

type counts struct {
	TotalRequests, SuccessCount, ErrorCount, TimeoutCount whole
	ErrorRate, Rate                                       float64
	latencies
}

type stats struct {
	OperationName string
	Period        period
	Stats         struct {
		counts
		Services []*serviceCount
	}
	Series   []*point
	Previous counts
	Partial  bool
}

type serviceCount struct {
	Name, Namespace          string
	RequestCount, ErrorCount whole
}

type point struct {
	Time                               instant
	Count, ErrorCount                  whole
	P50Latency, P95Latency, P99Latency float64
}

type status struct {
	Version                                            string
	StartTime                                          instant
	UptimeSeconds                                      float64
	OTLPGRPC, OTLPHTTP                                 string
	SpansReceived, SpansStored, TracesOpen, StoreBytes whole
}

// Stats reads the figures of all operations together.
func (*root) Stats(ctx context.Context, args statsArgs) (*stats, error) {
	if err := spend(ctx, 1, 0); err != nil {
		return nil, err
	}
	return read[stats](ctx, "stats", "", paramsOf(args))
}

// Status reads what the server says of itself.
func (*root) Status(ctx context.Context) (*status, error) {
	if err := spend(ctx, 1, 0); err != nil {
		return nil, err
	}
	return read[status](ctx, "status", "", nil)
}
