package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/block"
)

// FindTraces returns a page of the traces that a query selects. A limit of
// Config.Find makes the page partial, with what was decided up to there and a
// cursor for the rest; so does a damaged block. Errors are the context's or of
// reading.
//
// A flow is counted after its spans were stored, so they are in the flow's
// place (memory, or a block) or in older ones; only those in memory may be newer,
// until the flow is counted anew. So it goes from memory through the blocks,
// newest first, puts the flows that may match beside the spans that do, and
// carries flows that are not decided on to older blocks, until these hold
// nothing as young as the flow.
func (s *Store) FindTraces(ctx context.Context, q model.TraceQuery) (model.TracePage, error) {
	v := s.view()
	defer v.release()
	f := newFinder(v, &q)
	page, err := f.run(ctx)
	if err != nil {
		return model.TracePage{}, fmt.Errorf("find traces: %w", err)
	}
	return page, nil
}

// candidate is a flow that the filter may select.
type candidate struct {
	found
	bits     uint64 // of the spans seen so far
	accepted bool
}

// finder is one FindTraces. It belongs to one goroutine.
type finder struct {
	v      *view
	q      *model.TraceQuery
	filter *model.TraceFilter
	at     model.TraceCursor // the stretch that is looked at
	flows  model.FlowQuery   // what rows of flows must be
	order  func(x, y found) int

	left   []remaining // by the number of blocks that were looked at
	newest revisions
	memory map[model.TraceID]uint64 // bits of the spans in memory, or of all
	known  bool                     // of all
	open   []candidate              // not decided on, or not known to be before what remains
	ready  []found                  // decided on and in order, as many as a page needs
	below  int64                    // all that started after it is decided

	// longer is the duration, ns, below which nothing that is left can be on a
	// page of the longest. Searches of blocks ahead read it.
	longer atomic.Int64

	reasons []model.PartialReason
	scanned model.Scanned
	probed  model.Scanned // by the probe: it has limits of its own
}

// undecided is finder.below before anything is decided.
const undecided = math.MaxInt64

func newFinder(v *view, q *model.TraceQuery) *finder {
	f := &finder{v: v, q: q, filter: q.Filter, order: byStart, newest: revisions{}, below: undecided}
	if f.filter == nil {
		f.filter = &model.TraceFilter{}
	}
	f.at = model.TraceCursor{From: q.From, To: q.To}
	if q.After != nil {
		f.at = *q.After
	}
	if f.at.To == 0 {
		f.at.To = math.MaxInt64
	}
	f.flows = f.filter.Flow
	f.flows.From, f.flows.To = max(f.at.From, f.at.Low), f.at.To
	if q.ByDuration {
		f.order = byDuration
	}
	switch last := f.at.Last; {
	case last == nil:
	case !q.ByDuration:
		f.flows.To = min(f.flows.To, last.Start+1)
	case last.Duration > 0:
		f.flows.MaxDuration = time.Duration(last.Duration) // none before the last was longer
	}
	return f
}

// run searches place after place until the page is full.
func (f *finder) run(caller context.Context) (model.TracePage, error) {
	ctx, cancel := context.WithTimeoutCause(caller, f.v.s.cfg.Find.Time, errFindTime)
	defer cancel()
	if err := f.search(ctx); err != nil && (caller.Err() != nil || !f.limited(ctx)) {
		return model.TracePage{}, cmp.Or(caller.Err(), err)
	}
	return f.page(caller)
}

func (f *finder) search(ctx context.Context) error {
	f.left = f.remains()
	if err := f.searchMemory(ctx); err != nil {
		return err
	}
	if err := f.probe(ctx); err != nil {
		return err
	}
	if f.known {
		f.open = slices.DeleteFunc(f.open, func(c candidate) bool { return f.memory[c.TraceID] == 0 })
		for i := range f.open {
			f.open[i].bits = f.memory[f.open[i].TraceID]
		}
	}
	f.settle(f.left[0])
	ahead := newScanAhead(f)
	defer ahead.wait.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // before the wait
	for i, b := range f.v.blocks {
		if f.full() || f.left[i].flow == math.MinInt64 && len(f.open) == 0 || f.limited(ctx) {
			return nil
		}
		if err := f.searchBlock(ctx, b, ahead.next(ctx)); err != nil {
			return err
		}
		f.settle(f.left[i+1])
	}
	return nil
}

// consider makes the flows of one place candidates, beside the conditions that
// hold for spans of that place.
func (f *finder) consider(hits []found, spans ...block.SpanHits) {
	for _, h := range hits {
		if f.newest.current(h.FlowHit) && f.after(h) {
			f.open = append(f.open, candidate{found: h, bits: f.memory[h.TraceID]})
		}
	}
	for _, s := range spans {
		for i := range f.open {
			if c := &f.open[i]; len(s) > 0 && !c.accepted {
				c.bits |= s.Bits(c.TraceID)
			}
		}
	}
}

// after reports whether a flow comes after the page before.
func (f *finder) after(h found) bool {
	last := f.at.Last
	return last == nil || f.order(h, found{FlowHit: block.FlowHit{TraceID: last.TraceID, Start: last.Start, Duration: last.Duration}}) > 0
}

// remaining is how young what the blocks not yet looked at hold can be, Unix ns.
type remaining struct{ span, flow int64 }

// remains is what is left, by the number of blocks that were looked at.
func (f *finder) remains() []remaining {
	out := make([]remaining, len(f.v.blocks)+1)
	out[len(f.v.blocks)] = remaining{math.MinInt64, math.MinInt64}
	for i := len(f.v.blocks) - 1; i >= 0; i-- {
		r, m := out[i+1], f.v.blocks[i].Meta
		if m.Spans > 0 {
			r.span = max(r.span, m.MaxStart)
		}
		if m.Flows > 0 && m.FlowMinStart < f.flows.To && m.FlowMaxStart >= f.flows.From {
			r.flow = max(r.flow, min(m.FlowMaxStart, f.flows.To-1))
		}
		out[i] = r
	}
	return out
}

// settle decides on candidates, given what is left, and moves those that
// nothing left can come before to ready.
func (f *finder) settle(left remaining) {
	below := left.flow
	kept := f.open[:0]
	for _, c := range f.open {
		last := f.known || c.Start > left.span // no more spans of it can come
		if !c.accepted && (last || f.filter.Rises()) {
			c.accepted = f.filter.Match(c.row, c.bits)
		}
		if last && !c.accepted {
			continue
		}
		if !c.accepted {
			below = max(below, c.Start)
		}
		kept = append(kept, c)
	}
	f.below = below
	f.open = kept[:0]
	for _, c := range kept {
		if c.accepted && c.Start > below {
			f.ready = append(f.ready, c.found)
		} else {
			f.open = append(f.open, c)
		}
	}
	f.trim()
	f.raise()
}

// raise sets longer to what the last of the page has by now, and lets go of
// candidates that are shorter.
func (f *finder) raise() {
	if !f.q.ByDuration {
		return
	}
	durations := make([]int64, 0, len(f.ready)+len(f.open))
	for _, h := range f.ready {
		durations = append(durations, h.Duration)
	}
	for _, c := range f.open {
		if c.accepted {
			durations = append(durations, c.Duration)
		}
	}
	if len(durations) <= f.q.Limit {
		return
	}
	slices.Sort(durations)
	longer := durations[len(durations)-1-f.q.Limit]
	f.longer.Store(longer)
	f.open = slices.DeleteFunc(f.open, func(c candidate) bool { return c.Duration < longer })
}

// trim sorts what is ready and keeps as much as a page needs: one more than
// its limit, to know whether there is another page.
func (f *finder) trim() {
	slices.SortFunc(f.ready, f.order)
	f.ready = f.ready[:min(len(f.ready), f.q.Limit+1)]
}

// full reports whether nothing that is left can change the page.
func (f *finder) full() bool { return !f.q.ByDuration && len(f.ready) > f.q.Limit }

// limited notes why the search ends early and reports whether it does.
func (f *finder) limited(ctx context.Context) bool {
	limits := f.v.s.cfg.Find
	for reason, hit := range map[model.PartialReason]bool{
		model.PartialTime:  errors.Is(context.Cause(ctx), errFindTime),
		model.PartialBytes: f.scanned.Bytes >= limits.Bytes,
		model.PartialRows:  f.scanned.Rows >= limits.Rows || len(f.open) > maxOpen,
	} {
		if hit {
			f.reasons = append(f.reasons, reason)
		}
	}
	slices.Sort(f.reasons)
	return len(f.reasons) > 0
}

// maxOpen bounds the candidates held in memory, to some 100 MB. Only clocks that
// are hours apart come near it.
const maxOpen = 1_000_000

// errFindTime is the cause when a search's own time is over.
var errFindTime = errors.New("the time of the search is over")
