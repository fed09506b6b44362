package store

import (
	"cmp"
	"context"
	"slices"

	"github.com/flowscope/flowscope/internal/model"
)

// page makes the answer of what was found. Its reads are a page's, so the
// search's own limits do not bound them; the caller's context does.
func (f *finder) page(ctx context.Context) (model.TracePage, error) {
	list, next := f.cut()
	rows, err := f.v.rows(ctx, list)
	if err != nil {
		return model.TracePage{}, err
	}
	page := model.TracePage{Traces: make([]model.FoundTrace, len(rows)), Next: next, Scanned: f.scanned}
	page.Scanned.Add(f.probed)
	for i := range rows {
		page.Traces[i].FlowSummary = rows[i]
	}
	if len(f.filter.Spans) > 0 && len(rows) > 0 {
		if err := f.showSpans(ctx, page.Traces); err != nil {
			return model.TracePage{}, err
		}
	}
	if f.v.partial {
		f.reasons = append(f.reasons, model.PartialDamage)
	}
	slices.Sort(f.reasons)
	page.Partial = slices.Compact(f.reasons)
	return page, nil
}

// cut returns the flows of the page and where the next one begins.
func (f *finder) cut() (list []found, next *model.TraceCursor) {
	at := f.at
	list = f.ready[:min(len(f.ready), f.q.Limit)]
	ended := len(f.reasons) > 0 // by a limit
	if ended && (f.below >= f.flows.To-1 || f.q.ByDuration && at.Last != nil) {
		return f.best(), nil // nothing to go on from
	}
	switch {
	case len(f.ready) > f.q.Limit:
		last := list[len(list)-1]
		at.Last = &model.TracePlace{Start: last.Start, Duration: last.Duration, TraceID: last.TraceID}
		if ended && f.q.ByDuration {
			at.Low = f.below + 1
		}
	case ended:
		at.To, at.Low, at.Last = f.below+1, 0, nil
	case at.Low > at.From:
		at.To, at.Low, at.Last = at.Low, 0, nil
	default:
		return list, nil
	}
	return list, &at
}

// best is a page of what was found so far.
func (f *finder) best() []found {
	list := f.ready
	for _, c := range f.open {
		if c.accepted {
			list = append(list, c.found)
		}
	}
	slices.SortFunc(list, f.order)
	return list[:min(len(list), f.q.Limit)]
}

// shownSpans bounds the spans that are read to show some of each trace, to some
// 100 MB.
const shownSpans = 200_000

// showSpans looks up the spans of the traces on a page and keeps those that a
// condition holds for. Traces that are too large to look into are shown without,
// and the page is partial.
func (f *finder) showSpans(ctx context.Context, page []model.FoundTrace) error {
	spans := make(map[model.TraceID][]model.Span, len(page))
	traces, left := make([]*model.FoundTrace, 0, len(page)), shownSpans
	for i := range page {
		t := &page[i]
		if left -= int(t.SpanCount); left < 0 {
			f.reasons = append(f.reasons, model.PartialRows)
			break
		}
		spans[t.TraceID] = nil
		traces = append(traces, t)
	}
	keep := func(b *model.Batch) {
		for row, id := range b.TraceIDs {
			if have, wanted := spans[id]; wanted {
				spans[id] = append(have, b.Span(row))
			}
		}
	}
	for _, head := range f.v.heads {
		for _, b := range head {
			keep(b)
		}
	}
	for _, b := range f.v.blocks {
		var ids []model.TraceID
		for i := range traces {
			if b.Meta.MinStart <= traces[i].End && traces[i].Start <= b.Meta.MaxStart {
				ids = append(ids, traces[i].TraceID)
			}
		}
		if len(ids) == 0 {
			continue
		}
		batch, err := b.Traces(ctx, ids)
		if err = f.v.failed(b, err); err != nil {
			return err
		}
		if batch != nil {
			keep(batch)
		}
	}
	for i := range traces {
		f.choose(traces[i], distinct(spans[traces[i].TraceID]))
	}
	return nil
}

// choose counts the spans that a condition holds for and keeps the first.
func (f *finder) choose(t *model.FoundTrace, spans []model.Span) {
	spans = slices.DeleteFunc(spans, func(s model.Span) bool { return f.filter.MatchSpan(s) == 0 })
	slices.SortFunc(spans, func(x, y model.Span) int {
		xID, yID := x.ID(), y.ID()
		return cmp.Or(cmp.Compare(x.Start(), y.Start()), slices.Compare(xID[:], yID[:]))
	})
	t.Matched = len(spans)
	t.Samples = spans[:min(len(spans), model.SampleSpans)]
}
