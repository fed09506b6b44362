package query

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/analyze/compare"
	"github.com/flowscope/flowscope/internal/model"
)

// Release selects flows by the version that a service ran in them.
type Release struct{ Service, Version string }

const (
	// releaseFlows bounds how many flows of a release are read of an operation:
	// each is analysed anew, some hundred microseconds, and a p95 needs 104.
	releaseFlows = 200
	// releaseTime is how long flows are looked for, operation by operation: with
	// one search of 10 s more it is far below what an answer may take.
	releaseTime = 10 * time.Second
)

// Profile returns what the operations that f selects did, with their sketches:
// all flows of the period's whole minutes, or some that ran a release.
func (e *Engine) Profile(ctx context.Context, f Filter, release Release) (*compare.Profile, error) {
	var err error
	p := &compare.Profile{
		Format: compare.Format, Version: compare.FormatVersion, Made: e.now().UTC(),
		Environment: f.Environment, Release: release.Version, Operations: []compare.Operation{},
	}
	sums := map[string]*model.Rollup{}
	if release.Version == "" {
		f.Period = f.Period.widen()
		p.Partial, err = e.sumRollups(ctx, f, sums)
	} else {
		err = e.sumRelease(ctx, f, release, p, sums)
	}
	if err != nil {
		return nil, err
	}
	p.Start, p.End = time.Unix(0, f.Period.From).UTC(), time.Unix(0, f.Period.To).UTC()
	for name, sum := range sums {
		if sum.Flows > 0 {
			p.Operations = append(p.Operations, profileOf(name, sum))
		}
	}
	slices.SortFunc(p.Operations, func(a, b compare.Operation) int { return cmp.Compare(a.Name, b.Name) })
	return p, nil
}

// Compare tells what changed in f.Operation from one period to another. It is
// model.ErrNotFound when one of them has no flows of it.
func (e *Engine) Compare(ctx context.Context, f Filter, baseline, candidate Period) (*compare.Report, error) {
	f.Period = baseline
	before, err := e.Profile(ctx, f, Release{})
	if err != nil {
		return nil, err
	}
	f.Period = candidate
	after, err := e.Profile(ctx, f, Release{})
	if err != nil {
		return nil, err
	}
	report, err := compare.Profiles(before, after)
	if errors.Is(err, compare.ErrNothing) {
		return nil, fmt.Errorf("compare operation: %w", model.ErrNotFound)
	}
	return report, err
}

// sumOf is the sum of an operation, making it when it is new.
func sumOf(sums map[string]*model.Rollup, operation string) *model.Rollup {
	sum := sums[operation]
	if sum == nil {
		sum = &model.Rollup{Graph: model.NewGraph()}
		sums[operation] = sum
	}
	return sum
}

func (e *Engine) sumRollups(ctx context.Context, f Filter, sums map[string]*model.Rollup) (partial bool, err error) {
	rollups, err := e.rollups(ctx, f, 0, 0)
	if err != nil {
		return false, err
	}
	for _, r := range rollups.List {
		sumOf(sums, r.Operation).Merge(r)
	}
	return rollups.Partial, nil
}

// sample is flows of a release in the making of a profile.
type sample struct {
	profile  *compare.Profile
	sums     map[string]*model.Rollup
	analyzer *analyze.Analyzer
	counted  map[model.TraceID]bool
	until    time.Time // no trace is read after it
}

// sumRelease analyses the newest flows that ran a release: of all operations,
// and when there are more, of each. What is rare comes first, for the newest of
// all are mostly of the busiest.
func (e *Engine) sumRelease(ctx context.Context, f Filter, release Release, p *compare.Profile, sums map[string]*model.Rollup) error {
	s := &sample{p, sums, analyze.New(e.analyze), map[model.TraceID]bool{}, time.Now().Add(releaseTime)}
	more, err := e.addSample(ctx, s, f, release)
	if err != nil || !more || f.Operation != "" {
		p.Sampled = more
		return err
	}
	operations, err := e.rarestFirst(ctx, f)
	if err != nil {
		return err
	}
	for _, f.Operation = range operations {
		if time.Now().After(s.until) {
			p.Sampled = true
			return nil
		}
		more, err := e.addSample(ctx, s, f, release)
		if err != nil {
			return err
		}
		p.Sampled = p.Sampled || more
	}
	return nil
}

// rarestFirst are the operations that ran in f's period, whatever their release.
func (e *Engine) rarestFirst(ctx context.Context, f Filter) ([]string, error) {
	f.Period = f.Period.widen()
	rollups, err := e.rollups(ctx, f, 0, model.RollupFlows)
	if err != nil {
		return nil, err
	}
	flows := map[string]int64{}
	for _, r := range rollups.List {
		flows[r.Operation] += r.Flows
	}
	return slices.SortedFunc(maps.Keys(flows), func(a, b string) int {
		return cmp.Or(cmp.Compare(flows[a], flows[b]), cmp.Compare(a, b))
	}), nil
}

// addSample analyses the newest flows that f selects, and reports whether there
// are more.
func (e *Engine) addSample(ctx context.Context, s *sample, f Filter, release Release) (more bool, err error) {
	q, err := releaseQuery(f, release)
	if err != nil {
		return false, err
	}
	page, err := e.reader.FindTraces(ctx, q)
	if err != nil {
		return false, err
	}
	s.profile.Partial = s.profile.Partial || len(page.Partial) > 0
	for i := range page.Traces {
		id := page.Traces[i].TraceID
		if s.counted[id] {
			continue
		}
		if time.Now().After(s.until) {
			return true, nil
		}
		s.counted[id] = true
		trace, err := e.reader.Trace(ctx, id)
		if errors.Is(err, model.ErrNotFound) { // removed since it was found
			continue
		}
		if err != nil {
			return false, err
		}
		if len(trace.Spans) > 0 {
			flow := s.analyzer.Count(trace)
			sumOf(s.sums, flow.Operation).AddFlow(flow, 1)
		}
	}
	return page.Next != nil, nil
}

func releaseQuery(f Filter, release Release) (model.TraceQuery, error) {
	var trace, span model.And
	for _, c := range []struct {
		list       *model.And
		field      model.Field
		key, value string
	}{
		{&trace, model.FieldOperation, "", f.Operation},
		{&trace, model.FieldEnvironment, "", f.Environment},
		{&span, model.FieldService, "", release.Service},
		{&span, model.FieldResourceAttr, "service.version", release.Version},
	} {
		if c.value == "" {
			continue
		}
		condition, err := model.NewCompare(c.field, c.key, model.OpEqual, c.value)
		if err != nil {
			return model.TraceQuery{}, err
		}
		*c.list = append(*c.list, condition)
	}
	filter, err := model.CompileFilter(append(trace, model.Some{Filter: span}))
	return model.TraceQuery{From: f.Period.From, To: f.Period.To, Filter: filter, Limit: releaseFlows}, err
}

// profileOf is a sum in the form that is kept. Corrections may have taken away
// what is not there any more.
func profileOf(name string, sum *model.Rollup) compare.Operation {
	analyze.Resolve(sum.Graph)
	op := compare.Operation{
		Name: name, Flows: sum.Flows, Errors: within(sum.Errors, sum.Flows),
		Nodes: []compare.Node{}, Edges: []compare.Edge{},
	}
	for n, s := range sum.Graph.Nodes {
		if s.Requests > 0 || s.Self > 0 {
			op.Nodes = append(op.Nodes, compare.Node{
				ID: n.ID(), Requests: max(s.Requests, 0), Errors: within(s.Errors, s.Requests), Self: max(s.Self, 0),
				Latency: compare.Latency{Sketch: s.Latency},
			})
		}
	}
	for e, s := range sum.Graph.Edges {
		if s.Calls > 0 {
			op.Edges = append(op.Edges, compare.Edge{
				From: e.From.ID(), To: e.To.ID(), Calls: s.Calls, Errors: within(s.Errors, s.Calls), Retries: within(s.Retries, s.Calls),
				Latency: compare.Latency{Sketch: s.Latency},
			})
		}
	}
	slices.SortFunc(op.Nodes, func(a, b compare.Node) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(op.Edges, func(a, b compare.Edge) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return op
}

// within holds a part between nothing and the whole.
func within(part, whole int64) int64 { return max(min(part, whole), 0) }
