package inprocess

import (
	"maps"
	"slices"
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
	// then: about a hundredth of a core.
	every   = 250 * time.Millisecond
	perLook = 500
	// keepRollups is for how long minutes are counted, and maxRollups how many
	// of them are kept, of all operations: about 50 MB at the very most.
	keepRollups = 6 * time.Hour
	maxRollups  = 10_000
	// maxRecent is how many flows are remembered that may come back with late
	// operations.
	maxRecent      = 512
	maxRecentBytes = 1 << 20
)

// counted adds up every flow that ends. The caller locks.
type counted struct {
	source   Source
	analyzer *analyze.Analyzer
	hub      *live.Hub
	next     uint64 // the number of the record to go on from
	rollups  map[model.RollupKey]*model.Rollup
	recent   recent

	accounted map[string]*tally // runs of each name, as far as they are in rollups
	hurried   time.Time         // when flows were missed last
}

// tally is how many runs there were, and how they went.
type tally struct {
	calls, errors int64
	latency       sketch.Sketch
}

func newCounted(s Source, c analyze.Config, hub *live.Hub) *counted {
	return &counted{
		source: s, analyzer: analyze.New(c), hub: hub,
		rollups: map[model.RollupKey]*model.Rollup{}, accounted: map[string]*tally{},
		recent: recent{flows: map[model.TraceID]*remembered{}},
	}
}

// sync counts what has ended since. It reports whether more is waiting.
func (c *counted) sync() (more bool) {
	left := perLook
	for left > 0 {
		records, next, missed := c.source.Ended(c.next)
		if missed > 0 {
			c.hurried = c.source.Now()
		}
		if len(records) > left {
			next -= uint64(len(records) - left)
			records = records[:left]
		}
		for _, record := range records {
			c.count(record)
		}
		left -= len(records)
		c.next = next
		if len(records) == 0 {
			break
		}
	}
	if now := c.source.Now(); now.Sub(c.hurried) < 10*every {
		c.correct(now)
	}
	c.hub.Flush()
	c.trim()
	return left <= 0
}

// count counts a run, or corrects what was counted of its flow.
func (c *counted) count(record []byte) {
	batch := batchOf(c.source, record)
	if batch == nil {
		return
	}
	id := batch.TraceIDs[0]
	before := c.recent.flows[id]
	batches := []*model.Batch{batch}
	if before != nil {
		for _, r := range before.records {
			batches = append(batches, batchOf(c.source, r))
		}
	}
	t := traceOf(id, batches...)
	var f *model.Flow
	if before == nil {
		f = c.analyzer.Count(t)
	} else {
		f = c.analyzer.Flow(t)
		f.Revision = before.flow.Revision + 1
		c.add(before.flow, -1)
	}
	for _, b := range batches {
		c.analyzer.Forget(b)
	}
	c.add(f, 1)
	c.hub.Complete(f, nil)
	c.recent.put(id, f, record)
	if before == nil || !below(t, batch.Span(0)) {
		c.account(batch.Span(0))
	}
}

// below reports whether a span's parent is in the trace: it is a late operation.
func below(t *model.Trace, s model.Span) bool {
	return slices.ContainsFunc(t.Spans, func(other model.Span) bool { return other.ID() == s.ParentID() })
}

func (c *counted) add(f *model.Flow, sign int64) {
	key := model.KeyOf(f.FlowSummary)
	r := c.rollups[key]
	if r == nil {
		r = &model.Rollup{RollupKey: key, Graph: model.NewGraph()}
		c.rollups[key] = r
	}
	r.AddFlow(f, sign)
}

// account notes that a run, of this first operation, is in the rollups.
func (c *counted) account(first model.Span) {
	t := c.tally(first.Name())
	t.calls++
	if first.Status() == model.StatusError {
		t.errors++
	}
	t.latency.Add(first.Duration())
}

// maxTallies is far above the paths that a recorder tells apart.
const maxTallies = 10_000

func (c *counted) tally(name string) *tally {
	t := c.accounted[name]
	if t == nil {
		t = &tally{}
		if len(c.accounted) < maxTallies {
			c.accounted[name] = t
		}
	}
	return t
}

// correct adds what the recorder has counted and the rollups lack, by the name
// of the flow's first operation, to the minute that passes. What it adds too
// early, because a flow was on its way, it takes away the next time.
func (c *counted) correct(now time.Time) {
	environment := c.source.Status().Environment
	for _, p := range c.source.Paths() {
		if len(p.Names) != 1 {
			continue
		}
		t := c.tally(p.name())
		if p.Calls == t.calls {
			continue
		}
		bucket := now.Truncate(model.RollupBucket).UnixNano()
		key := model.RollupKey{Bucket: bucket, Operation: p.name(), Environment: environment}
		r := c.rollups[key]
		if r == nil {
			r = &model.Rollup{RollupKey: key, Graph: model.NewGraph()}
			c.rollups[key] = r
		}
		lacking := p.Latency.Clone()
		lacking.Unmerge(&t.latency)
		r.Flows += p.Calls - t.calls
		r.Errors += p.Errors - t.errors
		r.LastSeen = max(r.LastSeen, p.Last.UnixNano())
		r.Latency.Merge(&lacking)
		t.calls, t.errors, t.latency = p.Calls, p.Errors, p.Latency.Clone()
	}
}

// trim lets go old minutes.
func (c *counted) trim() {
	oldest := c.source.Now().Add(-keepRollups).UnixNano()
	maps.DeleteFunc(c.rollups, func(k model.RollupKey, _ *model.Rollup) bool { return k.Bucket < oldest })
	if len(c.rollups) <= maxRollups {
		return
	}
	keys := slices.SortedFunc(maps.Keys(c.rollups), func(a, b model.RollupKey) int { return int((a.Bucket - b.Bucket) / int64(time.Second)) })
	for _, k := range keys[:len(keys)-maxRollups*9/10] {
		delete(c.rollups, k)
	}
}

// recent is the flows that may come back.
type recent struct {
	flows map[model.TraceID]*remembered
	order []model.TraceID
	bytes int
}

type remembered struct {
	flow    *model.Flow
	records [][]byte
}

func (r *recent) put(id model.TraceID, f *model.Flow, record []byte) {
	e := r.flows[id]
	if e == nil {
		e = &remembered{}
		r.flows[id] = e
		r.order = append(r.order, id)
	}
	e.flow = f
	e.records = append(e.records, record)
	r.bytes += len(record)
	for len(r.order) > maxRecent || r.bytes > maxRecentBytes && len(r.order) > 1 {
		for _, old := range r.flows[r.order[0]].records {
			r.bytes -= len(old)
		}
		delete(r.flows, r.order[0])
		r.order = r.order[1:]
	}
}
