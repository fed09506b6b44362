package model

import (
	"time"

	"github.com/flowscope/flowscope/internal/sketch"
)

// RollupBucket is the width of the time buckets that flows are counted in.
const RollupBucket = time.Minute

// RollupKey names a rollup: one operation in one environment in one bucket.
type RollupKey struct {
	Bucket      int64 // Unix ns, a multiple of the bucket's width
	Operation   string
	Environment string
}

// Rollup is the flows of one key added up. Rollups of one key add up to the
// truth wherever they are kept; one that only holds corrections may be
// negative.
type Rollup struct {
	RollupKey
	Flows    int64
	Errors   int64 // flows that failed, timeouts included
	Timeouts int64
	LastSeen int64 // Unix ns, the latest end of a flow
	Latency  sketch.Sketch
	Graph    *Graph
}

// KeyOf is the rollup a flow is counted in: the bucket its start falls in.
func KeyOf(f *FlowSummary) RollupKey {
	width := int64(RollupBucket)
	bucket := f.Start - f.Start%width
	return RollupKey{Bucket: bucket, Operation: f.Operation, Environment: f.Environment}
}

// AddFlow counts a flow, or takes it away again when sign is -1.
func (r *Rollup) AddFlow(f *Flow, sign int64) { r.AddAt(r.Graph.Tally(f.Shape), f, sign) }

// AddAt is AddFlow for a tally of the flow's shape in the rollup's graph.
func (r *Rollup) AddAt(t Tally, f *Flow, sign int64) {
	r.Flows += sign
	r.Errors += sign * count(f.Status != FlowSuccess)
	r.Timeouts += sign * count(f.Status == FlowTimeout)
	r.LastSeen = max(r.LastSeen, f.End)
	r.Latency.AddN(f.Duration, sign)
	t.Add(f, sign)
}

// Merge adds another rollup, of the same key or of one to be summed with it.
func (r *Rollup) Merge(o *Rollup) {
	r.Flows += o.Flows
	r.Errors += o.Errors
	r.Timeouts += o.Timeouts
	r.LastSeen = max(r.LastSeen, o.LastSeen)
	r.Latency.Merge(&o.Latency)
	r.Graph.Merge(o.Graph)
}
