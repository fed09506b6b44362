package promflow

import (
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/flowscope/flowscope/flow"
)

// An Option changes how a collector is made.
type Option interface{ apply(*collector) }

type option func(*collector)

func (o option) apply(c *collector) { o(c) }

// WithConstLabels adds labels to all metrics, for a process with several
// trackers.
func WithConstLabels(labels prometheus.Labels) Option {
	return option(func(c *collector) { c.constant = labels })
}

// WithBuckets are the bounds of classic buckets. The default is
// flow.DurationBuckets. With none, histograms are native only.
func WithBuckets(bounds ...time.Duration) Option {
	return option(func(c *collector) {
		c.bounds = slices.Compact(slices.Sorted(slices.Values(bounds)))
	})
}

// NewCollector returns a collector of what a tracker counts. It holds nothing:
// each collection reads the tracker's statistics.
func NewCollector(t *flow.Tracker, options ...Option) prometheus.Collector {
	c := &collector{tracker: t, bounds: flow.DurationBuckets(), began: t.Totals().Since}
	for _, o := range options {
		o.apply(c)
	}
	labels := []string{"flow", "operation"}
	c.calls = prometheus.NewDesc("flow_operations_total", "Calls of operations.", labels, c.constant)
	c.errors = prometheus.NewDesc("flow_operation_errors_total", "Calls of operations that failed.", labels, c.constant)
	c.seconds = prometheus.NewDesc("flow_operation_duration_seconds", "How long operations took.", labels, c.constant)
	return c
}

type collector struct {
	tracker  *flow.Tracker
	constant prometheus.Labels
	bounds   []time.Duration
	began    time.Time

	calls, errors, seconds *prometheus.Desc
}

// Describe tells which metrics there are, or will be: objectives and pools may
// be set later.
func (c *collector) Describe(to chan<- *prometheus.Desc) {
	to <- c.calls
	to <- c.errors
	to <- c.seconds
	objective, pool := flow.SLOStatus{Burn: make([]flow.BurnRate, 1)}, flow.Pool{}
	cache, limit := flow.CacheStats{}, flow.LimitStats{}
	known := map[string]bool{}
	for _, v := range slices.Concat(objective.Values(), pool.Values(), cache.Values(), limit.Values(), c.tracker.Metrics().Values) {
		if !known[v.Name] {
			known[v.Name] = true
			desc, _ := c.describe(v)
			to <- desc
		}
	}
}

// Collect tells what there is now.
func (c *collector) Collect(to chan<- prometheus.Metric) {
	m := c.tracker.Metrics()
	for i := range m.Operations {
		o := &m.Operations[i]
		to <- prometheus.MustNewConstMetricWithCreatedTimestamp(c.calls, prometheus.CounterValue, float64(o.Calls), c.began, o.Flow, o.Operation)
		to <- prometheus.MustNewConstMetricWithCreatedTimestamp(c.errors, prometheus.CounterValue, float64(o.Errors), c.began, o.Flow, o.Operation)
		to <- &histogram{desc: c.seconds, of: o, constant: c.constant, bounds: c.bounds, began: c.began}
	}
	for _, v := range m.Values {
		to <- c.value(v)
	}
}

func (c *collector) describe(v flow.Value) (desc *prometheus.Desc, labels []string) {
	var names []string
	for _, l := range v.Labels {
		names, labels = append(names, l.Name), append(labels, l.Value)
	}
	return prometheus.NewDesc(v.Name, v.Help, names, c.constant), labels
}

func (c *collector) value(v flow.Value) prometheus.Metric {
	desc, values := c.describe(v)
	if v.Counter {
		return prometheus.MustNewConstMetricWithCreatedTimestamp(desc, prometheus.CounterValue, v.Value, c.began, values...)
	}
	return prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, v.Value, values...)
}
