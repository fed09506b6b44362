package inprocess

import (
	"cmp"
	"log/slog"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/live"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/sketch"
)

const (
	// tapBytes is what flows that end wait in to be analysed: a quarter of a
	// second of them at the most that are analysed.
	tapBytes = 1 << 20
	// every is how often flows that ended are analysed, and perLook how many
	// then: at 16 µs each 3 % of a core.
	every   = 250 * time.Millisecond
	perLook = 500
	// keepRollups is for how long minutes are counted, and maxRollups how many
	// of them are kept, of all operations: about 50 MB at the very most.
	keepRollups = 6 * time.Hour
	maxRollups  = 10_000
)

// counted adds up every flow that ends. Whoever calls its methods locks it.
type counted struct {
	sync.Mutex
	source   Source
	rules    analyze.Config
	analyzer *analyze.Analyzer
	hub      *live.Hub
	next     uint64 // the number of the record to go on from
	rollups  map[model.RollupKey]*model.Rollup
	recent   recent

	accounted map[string]*tally // runs by the name of their first operation, as far as they are in rollups
	doubt     bool              // flows were missed: rollups may lack some, or have some too early
}

// tally is how many runs there were, and how they went.
type tally struct {
	calls, errors int64
	latency       sketch.Sketch
	operation     string // of the first of them
	corrected     int64  // the minute that lacked some last, Unix ns
}

func newCounted(s Source, c analyze.Config, hub *live.Hub) *counted {
	return &counted{
		source: s, rules: c, analyzer: analyze.New(c), hub: hub,
		rollups: map[model.RollupKey]*model.Rollup{}, accounted: map[string]*tally{},
		recent: recent{flows: map[model.TraceID]*remembered{}},
	}
}

// sync counts what has ended since. It reports whether more is waiting.
func (c *counted) sync() (more bool) {
	left := perLook
	for left > 0 {
		records, next, missed := c.source.Ended(c.next)
		c.doubt = c.doubt || missed > 0
		if len(records) == 0 {
			break
		}
		if over := len(records) - left; over > 0 {
			next -= uint64(over)
			records = records[:left]
		}
		c.next = next
		left -= len(records)
		for _, record := range records {
			c.survive(record)
		}
	}
	more = left <= 0
	if c.doubt {
		// What is corrected too early is corrected back when it comes, so that it
		// goes on until nothing differs any more.
		c.doubt = c.correct(c.source.Now()) || more
	}
	c.hub.Flush()
	c.trim()
	return more
}

// survive counts a run. A fault in what analyses it must not end the service
// that is looked at: the run is counted as one that was missed.
func (c *counted) survive(record []byte) {
	defer func() {
		if cause := recover(); cause != nil {
			c.doubt = true
			c.analyzer = analyze.New(c.rules)
			slog.Error("flow: a flow could not be analysed", "panic", cause, "stack", string(debug.Stack()))
		}
	}()
	c.count(record)
}

// count counts a run, or corrects what was counted of its flow.
func (c *counted) count(record []byte) {
	batch := batchOf(c.source, record)
	if batch == nil {
		return
	}
	id, late := batch.TraceIDs[0], isLate(batch)
	before := c.recent.flows[id]
	f := c.analyse(id, batch, before, late)
	if f != nil {
		if before != nil {
			f.Revision = before.flow.Revision + 1
			c.add(before.flow, -1)
		}
		c.add(f, 1)
		c.hub.Complete(f, nil)
		c.recent.put(id, f, record)
	}
	if late {
		return
	}
	if f == nil {
		f = before.flow
	}
	c.account(batch.Span(0), f.Operation)
}

// analyse is a flow with one more record. It is nil when nothing changes: for a
// late operation of a flow that is not remembered, and for a flow of too many
// records.
func (c *counted) analyse(id model.TraceID, batch *model.Batch, before *remembered, late bool) *model.Flow {
	batches := []*model.Batch{batch}
	switch {
	case before == nil && late, before != nil && before.full():
		return nil
	case before != nil:
		for _, r := range before.records {
			batches = append(batches, batchOf(c.source, r))
		}
	}
	t := traceOf(id, batches...)
	defer forget(c.analyzer, t)
	if before == nil {
		return c.analyzer.Count(t)
	}
	return c.analyzer.Flow(t)
}

// isLate reports whether a record is of an operation that ended after its run.
func isLate(b *model.Batch) bool { return b.Flags[0]&LateFlags != 0 }

// forget has an analyzer let go a trace that it has analysed.
func forget(a *analyze.Analyzer, t *model.Trace) {
	for _, s := range t.Spans {
		a.Forget(s.Batch)
	}
}

// add adds a flow to its rollup, or takes it away again. A rollup that has
// nothing left goes, too: the flow turned out to be one of another operation.
func (c *counted) add(f *model.Flow, sign int64) {
	key := model.KeyOf(f.FlowSummary)
	if sign < 0 && c.rollups[key] == nil {
		return // it was old
	}
	r := c.rollup(key)
	r.AddFlow(f, sign)
	if r.Flows == 0 && len(r.Latency.Buckets()) == 0 {
		delete(c.rollups, key)
	}
}

func (c *counted) rollup(key model.RollupKey) *model.Rollup {
	r := c.rollups[key]
	if r == nil {
		r = &model.Rollup{RollupKey: key, Graph: model.NewGraph()}
		c.rollups[key] = r
	}
	return r
}

// maxTallies is far above the paths that a recorder tells apart; names beyond
// have none of their own.
const maxTallies = 10_000

// account notes that a run, of this first operation, is in the rollups.
func (c *counted) account(first model.Span, operation string) {
	name := first.Name()
	if c.accounted[name] == nil && len(c.accounted) >= maxTallies {
		name = Other
	}
	t := c.tally(name, operation)
	t.calls++
	if first.Status() == model.StatusError {
		t.errors++
	}
	t.latency.Add(first.Duration())
}

func (c *counted) tally(name, operation string) *tally {
	t := c.accounted[name]
	if t == nil {
		t = &tally{operation: operation}
		c.accounted[name] = t
	}
	return t
}

// correct adds what the recorder has counted and the rollups lack, by the name
// of the run's first operation, to the minute that passes and to the operation
// that the first run of that name was part of. What it added too early it takes
// away again there. It reports whether there was a difference.
func (c *counted) correct(now time.Time) (changed bool) {
	paths := c.source.Paths()
	paths = slices.DeleteFunc(paths, func(p Path) bool { return len(p.Names) != 1 })
	c.gatherOthers(paths)
	bucket := now.Truncate(model.RollupBucket).UnixNano()
	environment := c.source.Status().Environment
	for i := range paths {
		p := &paths[i]
		t := c.tally(p.name(), p.name())
		if p.Calls == t.calls {
			continue
		}
		changed = true
		if p.Calls > t.calls {
			t.corrected = bucket
		}
		r := c.rollup(model.RollupKey{Bucket: t.corrected, Operation: t.operation, Environment: environment})
		lacking := p.Latency.Clone()
		lacking.Unmerge(&t.latency)
		r.Flows += p.Calls - t.calls
		r.Errors += p.Errors - t.errors
		r.LastSeen = max(r.LastSeen, p.Last.UnixNano())
		r.Latency.Merge(&lacking)
		t.calls, t.errors, t.latency = p.Calls, p.Errors, p.Latency.Clone()
	}
	return changed
}

// gatherOthers adds up what was accounted for names that have no path of their own.
func (c *counted) gatherOthers(paths []Path) {
	known := map[string]bool{}
	for i := range paths {
		known[paths[i].name()] = true
	}
	for name, t := range c.accounted {
		if known[name] || name == Other {
			continue
		}
		others := c.tally(Other, Other)
		others.calls += t.calls
		others.errors += t.errors
		others.latency.Merge(&t.latency)
		delete(c.accounted, name)
	}
}

// trim lets go old minutes.
func (c *counted) trim() {
	oldest := c.source.Now().Add(-keepRollups).UnixNano()
	maps.DeleteFunc(c.rollups, func(k model.RollupKey, _ *model.Rollup) bool { return k.Bucket < oldest })
	if len(c.rollups) <= maxRollups {
		return
	}
	keys := slices.SortedFunc(maps.Keys(c.rollups), func(a, b model.RollupKey) int { return cmp.Compare(a.Bucket, b.Bucket) })
	for _, k := range keys[:len(keys)-maxRollups*9/10] {
		delete(c.rollups, k)
	}
}
