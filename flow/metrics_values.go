package flow

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// values are the numbers that are not about operations.
func (t *Tracker) values() []Value {
	n := t.Totals()
	out := []Value{
		gauge("flow_active", "Flows that run.", float64(n.Active)),
		gauge("flow_history_bytes", "Bytes that the kept flows take.", float64(n.HistoryBytes)),
		gauge("flow_history_flows", "Flows that are kept.", float64(n.HistoryFlows)),
		gauge("flow_history_limit_bytes", "Bytes that the kept flows may take.", float64(n.HistoryLimit)),
		gauge("flow_history_memory_bytes", "Bytes that the history has taken from the system.", float64(n.HistoryMemory)),
		gauge("flow_paths", "Distinct paths of names in the statistics.", float64(n.Paths)),
		counter("flow_dropped_operations_total", "Operations that were counted but not recorded.", float64(n.Dropped)),
		counter("flow_dropped_total", "Flows that the history could not take.", float64(n.TooBig)),
		counter("flow_failed_total", "Flows that failed.", float64(n.Failed)),
		counter("flow_finished_total", "Flows that ended.", float64(n.Flows)),
		counter("flow_kept_total", "Flows and late operations that went into the history.", float64(n.Kept)),
	}
	if _, anomalies := t.Anomalies(); t.cfg.anomalies {
		out = append(out, counter("flow_anomalies_total", "Flows that were marked as unlike the others of their name.", float64(anomalies)))
	}
	out = append(out, t.exported()...)
	for _, s := range t.SLOs() {
		out = append(out, s.Values()...)
	}
	for _, p := range t.Pools() {
		out = append(out, p.Values()...)
	}
	for _, c := range t.Caches() {
		out = append(out, c.Values()...)
	}
	for _, l := range t.Limits() {
		out = append(out, l.Values()...)
	}
	slices.SortFunc(out, func(a, b Value) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), slices.CompareFunc(a.Labels, b.Labels, func(a, b Label) int {
			return cmp.Compare(a.Value, b.Value)
		}))
	})
	return out
}

func gauge(name, help string, v float64, labels ...Label) Value {
	return Value{Name: name, Help: help, Value: v, Labels: labels}
}

func counter(name, help string, v float64, labels ...Label) Value {
	return Value{Name: name, Help: help, Counter: true, Value: v, Labels: labels}
}

// exported is what became of flows that were to be exported. Exporters of one
// type are one.
func (t *Tracker) exported() []Value {
	byType := map[string]ExporterStats{}
	for _, e := range t.Exporters() {
		sum := byType[e.Exporter]
		sum.Exported += e.Exported
		sum.Dropped += e.Dropped
		sum.Failed += e.Failed
		byType[e.Exporter] = sum
	}
	var out []Value
	for name, e := range byType {
		for outcome, n := range map[string]int64{"exported": e.Exported, "dropped": e.Dropped, "failed": e.Failed} {
			out = append(out, counter("flow_exporter_flows_total", "Flows by what became of them in an exporter.", float64(n),
				Label{"exporter", name}, Label{"outcome", outcome}))
		}
	}
	return out
}

// Values is the status as part of Metrics.
func (s *SLOStatus) Values() []Value {
	operation := Label{"operation", s.Operation}
	out := []Value{
		gauge("flow_objective_budget_remaining", "Share of the error budget that is left.", s.Remaining, operation),
		gauge("flow_objective_target", "Share of the flows that are to be good.", s.Target, operation),
	}
	for _, b := range s.Burn {
		out = append(out, gauge("flow_objective_burn_rate", "How many times faster than it may the error budget is used up.", b.Rate,
			operation, Label{"window", short(b.Over)}))
	}
	return out
}

// short is a duration of whole minutes as people write it: 5m, 6h.
func short(d time.Duration) string {
	if d%time.Hour == 0 {
		return strconv.Itoa(int(d/time.Hour)) + "h"
	}
	return strconv.Itoa(int(d/time.Minute)) + "m"
}

// Values is the pool as part of Metrics.
func (p *Pool) Values() []Value {
	pool := Label{"pool", p.Name}
	const open, openHelp = "flow_pool_connections", "Connections of a pool by what they do."
	return []Value{
		gauge(open, openHelp, float64(p.Idle), pool, Label{"state", "idle"}),
		gauge(open, openHelp, float64(p.InUse), pool, Label{"state", "used"}),
		gauge("flow_pool_connections_limit", "Connections that a pool may have, 0 for any number.", float64(p.Most), pool),
		counter("flow_pool_waits_total", "Times that a connection was waited for.", float64(p.Waits), pool),
		counter("flow_pool_wait_seconds_total", "How long connections were waited for.", p.Waited.Seconds(), pool),
	}
}

// Values are the counts as part of Metrics.
func (c *CacheStats) Values() []Value {
	const name, help = "flow_cache_lookups_total", "Lookups in a cache by what they found."
	return []Value{
		counter(name, help, float64(c.Hits), Label{"cache", c.Name}, Label{"result", "hit"}),
		counter(name, help, float64(c.Misses), Label{"cache", c.Name}, Label{"result", "miss"}),
	}
}

// Values are the counts as part of Metrics.
func (l *LimitStats) Values() []Value {
	const name, help = "flow_limit_decisions_total", "Decisions of a rate limit."
	return []Value{
		counter(name, help, float64(l.Allowed), Label{"limit", l.Name}, Label{"result", "allowed"}),
		counter(name, help, float64(l.Limited), Label{"limit", l.Name}, Label{"result", "limited"}),
	}
}
