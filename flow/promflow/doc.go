// Package promflow collects what a tracker counts for Prometheus' client
// library: calls, failures and durations of operations, and what the recorder
// itself does.
//
//	prometheus.MustRegister(promflow.NewCollector(flow.Default()))
//
// The metrics are those that the tracker's WriteMetrics and /debug/flow/metrics
// write without that library, under the same names. Here durations are classic
// and native histograms at once: which one is stored, the scraping Prometheus
// decides. Both have exemplars, so that a panel of latencies leads to flows.
//
// # Labels
//
// Operations have two: flow, the name of the flow's first operation, and
// operation. Both are names that were given to operations, never paths or ids,
// and there are no more pairs than the tracker has paths (flow.WithMaxPaths). Give it
// fewer when each series counts: a pair is 21 series with classic buckets, and 3
// with native ones.
//
// # Accuracy
//
// Counts, and sums of durations, are exact. The tracker's buckets are of nanoseconds at
// Prometheus' schema 6, and seconds have other powers of two: as a native
// histogram every bucket is the nearest one of seconds, which is 0.47 % too high.
// A quantile is off by 1.01 % at most.
package promflow
