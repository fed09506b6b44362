// Package held answers a query.Reader's questions from flows, traces and
// rollups that are held in memory, all of them looked at: a few thousand at most.
package held

import (
	"cmp"
	"iter"
	"slices"

	"github.com/flowscope/flowscope/internal/model"
)

// Flows returns the page of flows that q selects.
func Flows(list []model.FlowSummary, q model.FlowQuery) model.FlowPage {
	found := slices.DeleteFunc(slices.Clone(list), func(f model.FlowSummary) bool { return !selects(&q, &f) })
	slices.SortFunc(found, func(a, b model.FlowSummary) int { return compare(placeOf(&a), placeOf(&b), q.ByDuration) })
	from := min(q.Offset, len(found))
	return model.FlowPage{Flows: found[from:min(from+q.Limit, len(found))], Total: len(found)}
}

// compare orders flows as lists have them.
func compare(a, b model.TracePlace, byDuration bool) int {
	if byDuration && a.Duration != b.Duration {
		return cmp.Compare(b.Duration, a.Duration)
	}
	return cmp.Or(cmp.Compare(b.Start, a.Start), slices.Compare(a.TraceID[:], b.TraceID[:]))
}

func placeOf(f *model.FlowSummary) model.TracePlace {
	return model.TracePlace{Start: f.Start, Duration: f.Duration, TraceID: f.TraceID}
}

func selects(q *model.FlowQuery, f *model.FlowSummary) bool {
	return f.Start >= q.From && (q.To == 0 || f.Start < q.To) &&
		(q.Operation == "" || f.Operation == q.Operation) &&
		(q.Environment == "" || f.Environment == q.Environment) &&
		(q.Status == nil || f.Status == *q.Status) &&
		f.Duration >= int64(q.MinDuration) && (q.MaxDuration == 0 || f.Duration <= int64(q.MaxDuration)) &&
		(q.Service == "" && q.Namespace == "" || slices.ContainsFunc(f.Services, func(n model.Node) bool {
			return (q.Service == "" || n.Name == q.Service) && (q.Namespace == "" || n.Namespace == q.Namespace)
		}))
}

// Traces returns the page of traces that q selects. spans yields those of a
// flow that is in the list.
func Traces(list []model.FlowSummary, spans func(model.TraceID) []model.Span, q model.TraceQuery) model.TracePage {
	if q.Filter == nil {
		q.Filter, _ = model.CompileFilter(nil) // a filter that says nothing has no fault
	}
	rows := q.Filter.Flow
	rows.From, rows.To, rows.ByDuration, rows.Limit = q.From, q.To, q.ByDuration, len(list)
	page := model.TracePage{Scanned: model.Scanned{Rows: int64(len(list))}}
	for _, f := range Flows(list, rows).Flows {
		if q.After != nil && q.After.Last != nil && compare(placeOf(&f), *q.After.Last, q.ByDuration) <= 0 {
			continue // the last one itself may be forgotten meanwhile
		}
		found := model.FoundTrace{FlowSummary: f}
		bits := uint64(0)
		for _, s := range spans(f.TraceID) {
			if b := q.Filter.MatchSpan(s); b != 0 {
				bits |= b
				found.Matched++
				found.Samples = append(found.Samples, s)
			}
		}
		found.Samples = found.Samples[:min(len(found.Samples), model.SampleSpans)]
		switch {
		case !q.Filter.Match(&f, bits):
		case len(page.Traces) == q.Limit:
			last := placeOf(&page.Traces[q.Limit-1].FlowSummary)
			page.Next = &model.TraceCursor{From: q.From, To: q.To, Last: &last}
			return page
		default:
			page.Traces = append(page.Traces, found)
		}
	}
	return page
}

// Rollups adds up the rollups that q selects.
func Rollups(all iter.Seq[*model.Rollup], q model.RollupQuery) []*model.Rollup {
	sums := map[model.RollupKey]*model.Rollup{}
	var out []*model.Rollup
	from := q.From - q.From%int64(model.RollupBucket)
	for one := range all {
		key := one.RollupKey
		if key.Bucket < from || (q.To != 0 && key.Bucket >= q.To) ||
			(q.Operation != "" && key.Operation != q.Operation) || (q.Environment != "" && key.Environment != q.Environment) {
			continue
		}
		slot := key
		slot.Bucket = from
		if q.Step > 0 {
			slot.Bucket = key.Bucket - (key.Bucket-from)%int64(q.Step)
		}
		if sums[slot] == nil {
			sums[slot] = &model.Rollup{RollupKey: slot, Graph: model.NewGraph()}
			out = append(out, sums[slot])
		}
		sums[slot].Merge(only(one, q.Parts))
	}
	return out
}

// only is the wanted parts of a rollup.
func only(r *model.Rollup, parts model.RollupParts) *model.Rollup {
	out := &model.Rollup{RollupKey: r.RollupKey, Graph: &model.Graph{}}
	if parts.Has(model.RollupFlows) {
		*out = *r
		out.Graph = &model.Graph{}
	}
	if parts.Has(model.RollupNodes) {
		out.Graph.Nodes = r.Graph.Nodes
	}
	if parts.Has(model.RollupEdges) {
		out.Graph.Edges = r.Graph.Edges
	}
	return out
}
