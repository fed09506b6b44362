package store

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/block"
)

// Flow returns the newest revision of a trace's flow, false when it has none.
func (s *Store) Flow(ctx context.Context, id model.TraceID) (model.FlowSummary, bool, error) {
	v := s.view()
	defer v.release()
	for _, d := range v.derived {
		if f, ok := d.flow(id); ok {
			return f, true, nil
		}
	}
	flows, err := eachBlock(ctx, v, v.blocks, func(ctx context.Context, b *blockRef) (*model.FlowSummary, error) {
		f, ok, err := b.Flow(ctx, id)
		if !ok {
			return nil, err
		}
		return &f, err
	})
	if err != nil {
		return model.FlowSummary{}, false, fmt.Errorf("flow %s: %w", id, err)
	}
	for _, f := range flows {
		if f != nil {
			return *f, true, nil
		}
	}
	return model.FlowSummary{}, false, nil
}

// found is a flow that a query selects, and where its row is.
type found struct {
	block.FlowHit
	from *blockRef          // nil for a row in memory
	row  *model.FlowSummary // of a row in memory
}

// Flows returns a page of the flows a query selects. Total is exact.
func (s *Store) Flows(ctx context.Context, q model.FlowQuery) (model.FlowPage, error) {
	v := s.view()
	defer v.release()
	p := pager{order: byStart, offset: max(q.Offset, 0), limit: q.Limit}
	if q.ByDuration {
		p.order = byDuration
	}
	if err := v.eachFlow(ctx, &q, &p); err != nil {
		return model.FlowPage{}, fmt.Errorf("flows: %w", err)
	}
	flows, err := v.rows(ctx, p.page())
	if err != nil {
		return model.FlowPage{}, fmt.Errorf("flows: %w", err)
	}
	return model.FlowPage{Flows: flows, Total: p.total, Partial: v.partial}, nil
}

// revisions are the flows that a newer place has a row of. A later revision is
// in a newer place, so readers go from the newest to the oldest.
type revisions map[model.TraceID]uint32

// current reports whether a row has not been replaced.
func (r revisions) current(h block.FlowHit) bool {
	newest, replaced := r[h.TraceID]
	return !replaced || h.Revision >= newest
}

func (r revisions) add(id model.TraceID, revision uint32) { r[id] = max(r[id], revision) }

// eachFlow puts every flow that a query selects, in its newest revision, before a
// pager. Of a block that has nothing for the page they are only counted.
func (v *view) eachFlow(ctx context.Context, q *model.FlowQuery, p *pager) error {
	newest := revisions{}
	v.liveFlows(q, newest, p.add)
	for _, b := range v.blocks {
		find := b.FindFlows
		counted := 0
		if !q.ByDuration && p.beyond(b.Meta.FlowMaxStart) {
			find = func(ctx context.Context, q *model.FlowQuery) (hits []block.FlowHit, err error) {
				counted, err = countFlows(ctx, b, q, newest)
				return nil, err
			}
		}
		hits, err := find(ctx, q)
		var revised []block.FlowHit
		if err == nil {
			revised, err = b.RevisedFlows(ctx)
		}
		if err != nil {
			hits, revised, counted = nil, nil, 0 // the rows of a damaged block are left out together
		}
		if err = v.failed(b, err); err != nil {
			return err
		}
		p.total += counted
		for _, h := range hits {
			if newest.current(h) {
				p.add(found{FlowHit: h, from: b})
			}
		}
		for _, h := range revised {
			newest.add(h.TraceID, h.Revision)
		}
	}
	return nil
}

// countFlows is how many flows of a block a query selects that no newer place
// has a row of.
func countFlows(ctx context.Context, b *blockRef, q *model.FlowQuery, newest revisions) (int, error) {
	n, err := b.CountFlows(ctx, q)
	if err != nil || n == 0 || len(newest) == 0 {
		return int(n), err
	}
	again, err := b.FindFlowsOf(ctx, q, &block.FlowChoice{Until: math.MinInt64, Trace: func(id model.TraceID) bool {
		_, replaced := newest[id]
		return replaced
	}})
	for _, h := range again {
		if !newest.current(h) {
			n--
		}
	}
	return int(n), err
}

// liveFlows calls yield with the flows in memory that a query selects and adds
// those that replace older rows to newest. It returns how many it looked at.
func (v *view) liveFlows(q *model.FlowQuery, newest revisions, yield func(found)) (seen int) {
	for _, d := range v.derived {
		rows := d.flows()
		seen += len(rows)
		for _, f := range slices.Backward(rows) { // the newest first: a pager drops the others at once
			hit := block.FlowHit{TraceID: f.TraceID, Revision: f.Revision, Start: f.Start, Duration: f.Duration}
			if block.MatchFlow(f, q) && newest.current(hit) {
				yield(found{FlowHit: hit, row: f})
			}
		}
		for _, f := range rows {
			if f.Revision > 0 {
				newest.add(f.TraceID, f.Revision)
			}
		}
	}
	return seen
}

// rows fetches the rows of a page, those of one block together.
func (v *view) rows(ctx context.Context, page []found) ([]model.FlowSummary, error) {
	out := make([]model.FlowSummary, len(page))
	places := map[*blockRef][]int{}
	for i, f := range page {
		if f.from == nil {
			out[i] = *f.row
			continue
		}
		places[f.from] = append(places[f.from], i)
	}
	var lost []int
	for b, at := range places {
		rows := make([]int64, len(at))
		for j, i := range at {
			rows[j] = page[i].Row
		}
		flows, err := b.FlowRows(ctx, rows)
		if err != nil {
			if err = v.failed(b, err); err != nil {
				return nil, err
			}
			lost = append(lost, at...)
			continue
		}
		for j, i := range at {
			out[i] = flows[j]
		}
	}
	slices.Sort(lost)
	for _, i := range slices.Backward(lost) {
		out = slices.Delete(out, i, i+1)
	}
	return out, nil
}

func byStart(x, y found) int {
	return cmp.Or(cmp.Compare(y.Start, x.Start), slices.Compare(x.TraceID[:], y.TraceID[:]))
}

func byDuration(x, y found) int {
	return cmp.Or(cmp.Compare(y.Duration, x.Duration), byStart(x, y))
}

// pager counts everything and keeps what may be on the page.
type pager struct {
	order  func(x, y found) int
	offset int
	limit  int // 0 has no bound
	total  int
	best   []found
	worst  *found // that may still be on the page; nil when all may
}

func (p *pager) add(f found) {
	p.total++
	if p.worst != nil && p.order(f, *p.worst) > 0 {
		return
	}
	p.best = append(p.best, f)
	// Sorting after every so many costs little a row and bounds the memory to
	// twice the page's end and some.
	const slack = 1024
	if end := p.offset + p.limit; p.limit > 0 && len(p.best) >= 2*end+slack {
		p.cut()
	}
}

// cut leaves what may be on the page, when that is less than there is.
func (p *pager) cut() {
	end := p.offset + p.limit
	if p.limit == 0 || len(p.best) < end {
		return
	}
	slices.SortFunc(p.best, p.order)
	p.best = p.best[:end]
	worst := p.best[end-1]
	p.worst = &worst
}

// beyond reports whether flows that started until then, and not later, are not
// on a page of the newest.
func (p *pager) beyond(start int64) bool {
	if p.limit == 0 || len(p.best) < p.offset+p.limit {
		return false
	}
	if p.worst == nil || len(p.best) > p.offset+p.limit {
		p.cut()
	}
	return start < p.worst.Start
}

func (p *pager) page() []found {
	slices.SortFunc(p.best, p.order)
	out := p.best[min(p.offset, len(p.best)):]
	if p.limit > 0 {
		out = out[:min(p.limit, len(out))]
	}
	return out
}

// Counted returns the ids of traces that were counted before Start, those of the
// newest blocks until there are so many, and since when, Unix ns, no flow that
// began is missing among them. A block that cannot be read is missing.
func (s *Store) Counted(ctx context.Context, enough int) (ids []model.TraceID, since int64, err error) {
	v := s.view()
	defer v.release()
	for _, b := range v.blocks {
		if len(ids) >= enough {
			since = max(since, min(b.Meta.FlowMaxStart, b.Meta.Created)+1)
			continue
		}
		own, err := b.FlowIDs(ctx)
		if err = v.failed(b, err); err != nil {
			return nil, 0, fmt.Errorf("counted traces: %w", err)
		}
		ids = append(ids, own...)
	}
	return ids, since, nil
}
