package flow

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Metrics is what a monitoring system is told. WriteMetrics writes it for
// Prometheus, package promflow collects it.
type Metrics struct {
	Operations []OperationStat // by flow and operation
	Values     []Value         // about objectives and the recorder itself, by name and labels
}

// OperationStat is what the operations of one name did in the flows of one name: the
// Stats of all paths that begin and end alike.
type OperationStat struct {
	Flow      string // name of the flow's first operation
	Operation string
	Calls     int64
	Errors    int64
	Latency   Latency
	Examples  []Exemplar // calls that were kept, the newest last
}

// Value is a number with a name.
type Value struct {
	Name    string
	Help    string
	Counter bool // it only grows; otherwise it is what it is now
	Labels  []Label
	Value   float64
}

// Label is a name and a value. Values are taken from names that are bounded.
type Label struct{ Name, Value string }

// Metrics returns what there is to be told now. Operations are as many as
// there are paths, at most; see WithMaxPaths.
func (t *Tracker) Metrics() Metrics {
	return Metrics{Operations: operationStats(t.Stats()), Values: t.values()}
}

func operationStats(stats []Stat) []OperationStat {
	type name struct{ flow, operation string }
	index := map[name]int{}
	var out []OperationStat
	for i := range stats {
		s := &stats[i]
		n := name{s.Path[0], s.Name()}
		at, known := index[n]
		if !known {
			at = len(out)
			index[n] = at
			out = append(out, OperationStat{Flow: n.flow, Operation: n.operation})
		}
		m := &out[at]
		m.Calls += s.Calls
		m.Errors += s.Errors
		m.Latency.Merge(&s.Latency)
		if !s.Example.TraceID.IsZero() {
			m.Examples = append(m.Examples, s.Example)
		}
	}
	for i := range out {
		slices.SortFunc(out[i].Examples, func(a, b Exemplar) int { return cmp.Compare(a.At, b.At) })
	}
	slices.SortFunc(out, func(a, b OperationStat) int {
		return cmp.Or(cmp.Compare(a.Flow, b.Flow), cmp.Compare(a.Operation, b.Operation))
	})
	return out
}

// DurationBuckets are the bounds that durations are counted by: from what
// memory answers in to what nobody waits for.
func DurationBuckets() []time.Duration {
	const us, ms, s = time.Microsecond, time.Millisecond, time.Second
	return []time.Duration{
		100 * us, 250 * us, 500 * us, ms, 2500 * us, 5 * ms, 10 * ms, 25 * ms, 50 * ms,
		100 * ms, 250 * ms, 500 * ms, s, 2500 * ms, 5 * s, 10 * s,
	}
}

// Everything is the bound of the last bucket of a histogram.
const Everything = time.Duration(math.MaxInt64)

// HistogramBucket counts the calls that took no longer than its bound.
type HistogramBucket struct {
	Bound   time.Duration
	Count   int64
	Example *Exemplar // the newest kept call that is in no lower bucket, nil when there is none
}

// Histogram counts calls by how long they took, one bucket a bound, which are
// in ascending order, and one of Everything. A call up to 1.1 % faster than a
// bound may be counted above it; the counts of different processes may be
// added up.
func (m *OperationStat) Histogram(bounds []time.Duration) []HistogramBucket {
	out := make([]HistogramBucket, len(bounds)+1)
	for i, b := range bounds {
		out[i].Bound = b
	}
	out[len(bounds)].Bound = Everything
	m.Latency.fill(out)
	for i := range m.Examples {
		e := &m.Examples[i]
		at, _ := slices.BinarySearchFunc(out, time.Duration(e.Nanoseconds), func(b HistogramBucket, took time.Duration) int {
			return cmp.Compare(b.Bound, took)
		})
		out[at].Example = e
	}
	return out
}
