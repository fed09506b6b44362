package storetest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/sketch"
)

// Flow makes the flow of a trace. Its fields vary with n, so that every filter
// selects some of many; every tenth replaces an older revision.
func Flow(id model.TraceID, start int64, n int) *model.Flow {
	service := func(i int) model.Node {
		return model.Node{Namespace: []string{"shop", "other"}[n%7/6], Name: genServices[i%len(genServices)]}
	}
	duration := int64(1+n%100) * int64(time.Millisecond)
	f := &model.Flow{FlowSummary: &model.FlowSummary{
		TraceID: id, Operation: genOperations[n%len(genOperations)], Environment: []string{"prod", "staging"}[n%3/2],
		Start: start, End: start + duration, Duration: duration, Status: model.FlowStatus(n % 3),
		RootService: service(n), RootName: "GET /", UIEvent: "click", User: fmt.Sprint("u", n%9), Session: fmt.Sprint("s", n),
		SpanCount: uint32(3 + n%5), ErrorCount: uint32(n % 2), Orphans: uint32(n % 4 / 3), NoRoot: n%11 == 0,
		Revision: uint32(n % 10 / 9),
	}}
	if f.Status != model.FlowSuccess {
		f.Error = "connection refused"
	}
	for i := range 1 + n%3 {
		f.Services = append(f.Services, service(n+i))
		f.Visits = append(f.Visits, model.Visit{Requests: 1, Errors: uint32(n % 2), Self: duration / 3, Critical: duration / 4})
		f.Latencies = append(f.Latencies, duration/2)
	}
	db := model.Node{Kind: model.NodeDatabase, Name: "postgresql"}
	f.Calls = append(f.Calls, model.Call{Latency: duration / 9, Failed: n%2 == 0, Retry: n%5 == 0})
	f.Shape = &model.Shape{Nodes: f.Services, Edges: []model.Edge{{From: service(n), To: db}}}
	return f
}

// Rollups adds rollups up by key, to compare what was counted.
type Rollups struct {
	byKey map[model.RollupKey]*model.Rollup
}

// NewRollups returns no rollups.
func NewRollups() *Rollups { return &Rollups{map[model.RollupKey]*model.Rollup{}} }

// RollupsOf adds up a list.
func RollupsOf(list []*model.Rollup) *Rollups {
	out := NewRollups()
	for _, r := range list {
		out.Add(r)
	}
	return out
}

// Answer is what a query must get from a store that counted these flows, worked
// out flow by flow.
func Answer(q model.RollupQuery, flows []*model.Flow) *Rollups {
	const minute = int64(time.Minute)
	from := q.From / minute * minute
	out := NewRollups()
	for _, f := range flows {
		one := &model.Rollup{RollupKey: model.KeyOf(f.FlowSummary), Graph: model.NewGraph()}
		if one.Bucket < from || (q.To != 0 && one.Bucket >= q.To) ||
			(q.Operation != "" && q.Operation != one.Operation) || (q.Environment != "" && q.Environment != one.Environment) {
			continue
		}
		slot := int64(0)
		if q.Step > 0 {
			slot = (one.Bucket - from) / int64(q.Step)
		}
		one.Bucket = from + slot*int64(q.Step)
		one.AddFlow(f, 1)
		if !q.Parts.Has(model.RollupFlows) {
			one.Flows, one.Errors, one.Timeouts, one.LastSeen, one.Latency = 0, 0, 0, 0, sketch.Sketch{}
		}
		if !q.Parts.Has(model.RollupNodes) {
			clear(one.Graph.Nodes)
		}
		if !q.Parts.Has(model.RollupEdges) {
			clear(one.Graph.Edges)
		}
		out.Add(one)
	}
	return out
}

// Add adds a rollup to those of its key.
func (r *Rollups) Add(o *model.Rollup) {
	sum := r.byKey[o.RollupKey]
	if sum == nil {
		sum = &model.Rollup{RollupKey: o.RollupKey, Graph: model.NewGraph()}
		r.byKey[o.RollupKey] = sum
	}
	sum.Merge(o)
}

// AddFlow counts a flow.
func (r *Rollups) AddFlow(f *model.Flow, sign int64) {
	one := &model.Rollup{RollupKey: model.KeyOf(f.FlowSummary), Graph: model.NewGraph()}
	one.AddFlow(f, sign)
	r.Add(one)
}

// List returns the rollups, one of each key.
func (r *Rollups) List() []*model.Rollup { return slices.Collect(maps.Values(r.byKey)) }

// String writes down every count, one line each. What adds up to nothing is
// left out.
func (r *Rollups) String() string {
	var lines []string
	line := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	for k, v := range r.byKey {
		if v.Flows != 0 {
			line("%d %s %s: %d flows %d errors %d timeouts %v", k.Bucket, k.Operation, k.Environment, v.Flows, v.Errors, v.Timeouts, v.Latency.Buckets())
		}
		for n, s := range v.Graph.Nodes {
			if s.Requests != 0 {
				line("%d %s %s: %s %d requests %d errors %d self %d critical %v", k.Bucket, k.Operation, k.Environment, n.ID(), s.Requests, s.Errors, s.Self, s.Critical, s.Latency.Buckets())
			}
		}
		for e, s := range v.Graph.Edges {
			if s.Calls != 0 {
				line("%d %s %s: %s>%s %d calls %d errors %d retries %d breaks %v", k.Bucket, k.Operation, k.Environment, e.From.ID(), e.To.ID(), s.Calls, s.Errors, s.Retries, s.Breaks, s.Latency.Buckets())
			}
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// Flows is the sum of flows over all keys.
func (r *Rollups) Flows() (n int64) {
	for v := range maps.Values(r.byKey) {
		n += v.Flows
	}
	return n
}
