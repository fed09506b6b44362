package block

import (
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/sketch"
)

// RollupSums adds rollups up to what a query asks for. It belongs to one
// goroutine at a time.
type RollupSums struct {
	q    model.RollupQuery
	sums map[model.RollupKey]*rollupSum // the bucket is that of the slot

	columns rollupColumns // of the block that is being added
}

// NewRollupSums returns the empty answer to a query.
func NewRollupSums(q model.RollupQuery) *RollupSums {
	return &RollupSums{q: q, sums: map[model.RollupKey]*rollupSum{}}
}

// Add adds a rollup of a minute when the query selects it.
func (s *RollupSums) Add(r *model.Rollup) {
	q := &s.q
	if r.Bucket <= q.From-minuteTier || (q.To != 0 && r.Bucket >= q.To) ||
		(q.Operation != "" && r.Operation != q.Operation) || (q.Environment != "" && r.Environment != q.Environment) {
		return
	}
	s.of(SlotOf(r.Bucket, *q), r.Operation, r.Environment).add(r, q.Parts)
}

func (s *RollupSums) of(slot int64, operation, environment string) *rollupSum {
	key := model.RollupKey{Bucket: slot, Operation: operation, Environment: environment}
	sum := s.sums[key]
	if sum == nil {
		sum = newRollupSum()
		s.sums[key] = sum
	}
	return sum
}

// Merge adds another answer to the same query, which is of no use after that.
func (s *RollupSums) Merge(o *RollupSums) {
	for key, from := range o.sums {
		if have := s.sums[key]; have != nil {
			have.merge(from)
		} else {
			s.sums[key] = from
		}
	}
}

// Clone returns a copy that shares nothing with s.
func (s *RollupSums) Clone() *RollupSums {
	c := NewRollupSums(s.q)
	for key, from := range s.sums {
		c.of(key.Bucket, key.Operation, key.Environment).merge(from)
	}
	return c
}

// Size is about how many bytes the sums take.
func (s *RollupSums) Size() (n int64) {
	const sum, entry = 300, 200 // with keys and shares of maps
	for _, r := range s.sums {
		n += sum + int64(r.flows.latency.Size())
		for _, e := range r.nodes {
			n += entry + int64(e.latency.Size())
		}
		for _, e := range r.edges {
			n += entry + int64(e.latency.Size())
		}
	}
	return n
}

// Rollups are the sums.
func (s *RollupSums) Rollups() []*model.Rollup {
	out := make([]*model.Rollup, 0, len(s.sums))
	for key, sum := range s.sums {
		out = append(out, sum.rollup(key))
	}
	return out
}

// rollupSum is a model.Rollup whose sketches are sums.
type rollupSum struct {
	flows entrySum
	nodes map[model.Node]*entrySum
	edges map[model.Edge]*entrySum
}

// entrySum is a row of rollups.parquet, added up.
type entrySum struct {
	count, errors, timeouts, retries, breaks, self, critical int64
	lastSeen                                                 int64
	latency                                                  sketch.Sum
}

func newRollupSum() *rollupSum {
	return &rollupSum{nodes: map[model.Node]*entrySum{}, edges: map[model.Edge]*entrySum{}}
}

func (s *rollupSum) node(n model.Node) *entrySum {
	e := s.nodes[n]
	if e == nil {
		e = &entrySum{}
		s.nodes[n] = e
	}
	return e
}

func (s *rollupSum) edge(k model.Edge) *entrySum {
	e := s.edges[k]
	if e == nil {
		e = &entrySum{}
		s.edges[k] = e
	}
	return e
}

// add adds the wanted parts of a rollup.
func (s *rollupSum) add(r *model.Rollup, parts model.RollupParts) {
	if parts.Has(model.RollupFlows) {
		s.flows.add(entrySum{count: r.Flows, errors: r.Errors, timeouts: r.Timeouts, lastSeen: r.LastSeen}, &r.Latency)
	}
	if parts.Has(model.RollupNodes) {
		for n, v := range r.Graph.Nodes {
			s.node(n).add(entrySum{count: v.Requests, errors: v.Errors, self: v.Self, critical: v.Critical}, &v.Latency)
		}
	}
	if parts.Has(model.RollupEdges) {
		for k, v := range r.Graph.Edges {
			s.edge(k).add(entrySum{count: v.Calls, errors: v.Errors, retries: v.Retries, breaks: v.Breaks}, &v.Latency)
		}
	}
}

func (e *entrySum) add(o entrySum, latency *sketch.Sketch) {
	e.addCounts(&o)
	e.latency.Add(latency)
}

func (e *entrySum) addCounts(o *entrySum) {
	e.count += o.count
	e.errors += o.errors
	e.timeouts += o.timeouts
	e.retries += o.retries
	e.breaks += o.breaks
	e.self += o.self
	e.critical += o.critical
	e.lastSeen = max(e.lastSeen, o.lastSeen)
}

func (e *entrySum) merge(o *entrySum) {
	e.addCounts(o)
	e.latency.Merge(&o.latency)
}

func (s *rollupSum) merge(o *rollupSum) {
	s.flows.merge(&o.flows)
	for n, from := range o.nodes {
		s.node(n).merge(from)
	}
	for k, from := range o.edges {
		s.edge(k).merge(from)
	}
}

func (s *rollupSum) rollup(key model.RollupKey) *model.Rollup {
	f := &s.flows
	r := &model.Rollup{
		RollupKey: key, Flows: f.count, Errors: f.errors, Timeouts: f.timeouts, LastSeen: f.lastSeen,
		Latency: f.latency.Sketch(), Graph: model.NewGraph(),
	}
	for n, e := range s.nodes {
		r.Graph.Nodes[n] = &model.NodeStats{Requests: e.count, Errors: e.errors, Self: e.self, Critical: e.critical, Latency: e.latency.Sketch()}
	}
	for k, e := range s.edges {
		r.Graph.Edges[k] = &model.EdgeStats{Calls: e.count, Errors: e.errors, Retries: e.retries, Breaks: e.breaks, Latency: e.latency.Sketch()}
	}
	return r
}
