package flow

import (
	"slices"
	"time"

	"github.com/flowscope/flowscope/internal/sketch"
)

// Totals is what a Tracker did since it was made.
type Totals struct {
	Since   time.Time
	Flows   int64 // that ended
	Failed  int64 // of them
	Active  int   // flows that run
	Kept    int64 // flows and late operations that went into the history
	TooBig  int64 // that the history could not take
	Dropped int64 // operations that were counted but not recorded: their flow had too many, or too many late ones
	Paths   int   // distinct ones in the statistics

	HistoryFlows  int // in the history now
	HistoryBytes  int // that they take
	HistoryMemory int // that the history has taken from the system
	HistoryLimit  int // bytes that it may take
	HistoryMost   int // flows that it may hold
}

// Totals returns what the tracker did.
func (t *Tracker) Totals() Totals {
	_, put := t.history.bounds()
	out := Totals{
		Since: t.began, Kept: int64(put), TooBig: t.tooBig.Load(), Dropped: t.dropped.Load(),
		Paths: len(t.steps.steps()), HistoryLimit: t.cfg.bytes, HistoryMost: t.cfg.flows,
	}
	out.HistoryFlows, out.HistoryBytes, out.HistoryMemory = t.history.use()
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		out.Flows += s.flows
		out.Failed += s.failed
		out.Active += s.active
		s.mu.Unlock()
	}
	return out
}

// Stat is what the operations of one path did: a name below the names of those
// above it. Stats of one name, or of one flow's first operation, are sums of them.
type Stat struct {
	Path    []string // from the flow's first operation down to this one
	Calls   int64
	Errors  int64
	Last    time.Time // when a call ended last
	Latency Latency
	Example Exemplar // the newest kept call, zero when none was kept
}

// Exemplar is one call that a statistic counts.
type Exemplar struct {
	TraceID     TraceID
	SpanID      SpanID
	Nanoseconds int64 // how long it took
	At          int64 // Unix ns, when it ended
}

// Name is the operation's name.
func (s *Stat) Name() string { return s.Path[len(s.Path)-1] }

// Latency is a distribution of durations, within 0.54 % of the truth. It merges
// exactly.
type Latency struct{ sketch sketch.Sketch }

// Count is how many durations there are.
func (l *Latency) Count() int64 { return l.sketch.Count() }

// Sum is all of them together.
func (l *Latency) Sum() time.Duration { return time.Duration(l.sketch.Sum()) }

// Min and Max are the extremes.
func (l *Latency) Min() time.Duration { return time.Duration(l.sketch.Min()) }

// Max is the longest duration.
func (l *Latency) Max() time.Duration { return time.Duration(l.sketch.Max()) }

// Mean is the average.
func (l *Latency) Mean() time.Duration { return time.Duration(l.sketch.Mean()) }

// Quantile is the duration that a share q of all, from 0 to 1, does not exceed.
func (l *Latency) Quantile(q float64) time.Duration { return time.Duration(l.sketch.Quantile(q)) }

// Merge adds the durations of another.
func (l *Latency) Merge(o *Latency) { l.sketch.Merge(&o.sketch) }

// Below is how many durations are at most d, within the error.
func (l *Latency) Below(d time.Duration) int64 {
	buckets := []HistogramBucket{{Bound: d}}
	l.fill(buckets)
	return buckets[0].Count
}

// fill counts what took no longer than the bounds of buckets, which are in
// ascending order.
func (l *Latency) fill(buckets []HistogramBucket) {
	n := l.sketch.Zero()
	left := l.sketch.Buckets()
	for i := range buckets {
		b := &buckets[i]
		for len(left) > 0 && (b.Bound == Everything || sketch.Lower(left[0].Index+1) <= float64(b.Bound)*(1+1e-9)) {
			n += left[0].Count
			left = left[1:]
		}
		b.Count = n
	}
}

// Buckets yields the distribution as an exponential histogram of scale 6, as
// OpenTelemetry and Prometheus have it: bucket i holds the nanoseconds in
// (2^(i/64), 2^((i+1)/64)]. Zero is how many took no time at all.
func (l *Latency) Buckets(yield func(index int32, count int64) bool) {
	for _, b := range l.sketch.Buckets() {
		if !yield(b.Index, b.Count) {
			return
		}
	}
}

// Zero is how many durations of zero there are.
func (l *Latency) Zero() int64 { return l.sketch.Zero() }

// Stats returns the statistics of all paths since the tracker was made, exact
// whatever was sampled, in the order the paths were first taken.
func (t *Tracker) Stats() []Stat {
	steps := t.steps.steps()
	out := make([]Stat, len(steps))
	for i := range t.shards {
		t.shards[i].addTo(out)
	}
	for i, s := range steps {
		out[i].Path = s.path()
	}
	return slices.DeleteFunc(out, func(s Stat) bool { return s.Calls == 0 })
}

func (s *step) path() []string {
	var names []string
	for ; s != nil; s = s.parent {
		names = append(names, s.name)
	}
	slices.Reverse(names)
	return names
}

func (s *shard) addTo(stats []Stat) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, c := range s.cells[:min(len(s.cells), len(stats))] {
		if c == nil {
			continue
		}
		to := &stats[i]
		to.Calls += c.calls
		to.Errors += c.errors
		if last := time.Unix(0, c.last); last.After(to.Last) {
			to.Last = last
		}
		if c.example.At > to.Example.At {
			to.Example = c.example
		}
		c.latency.AddTo(&to.Latency.sketch)
	}
}
