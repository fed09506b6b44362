package store

import (
	"context"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/block"
)

// searchMemory looks at what is in no block yet.
func (f *finder) searchMemory(ctx context.Context) error {
	if len(f.filter.Spans) > 0 {
		if err := f.searchHeads(ctx); err != nil {
			return err
		}
	}
	var hits []found
	newest := revisions{}
	seen := f.v.liveFlows(&f.flows, newest, func(h found) { hits = append(hits, h) })
	f.scanned.Rows += int64(seen)
	f.consider(hits)
	f.newest = newest
	return ctx.Err()
}

// searchHeads fills memory, a goroutine for every processor.
func (f *finder) searchHeads(ctx context.Context) error {
	var mu sync.Mutex
	f.memory = map[model.TraceID]uint64{}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for _, head := range f.v.heads {
		for _, b := range head {
			f.scanned.Rows += int64(b.Len())
			group.Go(func() error {
				hits := map[model.TraceID]uint64{}
				for row := range b.Len() {
					if bits := f.filter.MatchSpan(b.Span(row)); bits != 0 {
						hits[b.TraceIDs[row]] |= bits
					}
				}
				mu.Lock()
				defer mu.Unlock()
				for id, bits := range hits {
					f.memory[id] |= bits
				}
				return ctx.Err()
			})
		}
	}
	return group.Wait()
}

// searchBlock takes what was found in a block.
func (f *finder) searchBlock(ctx context.Context, b *blockRef, found *foundInBlock) error {
	scanned, err := found.scanned, found.err
	var spans block.SpanHits
	if awaited := f.awaited(b); err == nil && !found.all && len(awaited) > 0 {
		var more model.Scanned
		spans, more, err = b.FindSpans(ctx, f.filter.Spans, few(awaited))
		scanned.Add(more)
	}
	if scanned.Rows > 0 {
		scanned.Blocks = 1
	}
	f.scanned.Add(scanned)
	if err != nil {
		return f.v.failed(b, err) // nil for damage: on without the block
	}
	f.consider(found.hits, found.spans, spans)
	for _, h := range found.revised {
		f.newest.add(h.TraceID, h.Revision)
	}
	return nil
}

// awaited are the candidates that a block may have spans of.
func (f *finder) awaited(b *blockRef) (ids []model.TraceID) {
	if len(f.filter.Spans) == 0 {
		return nil
	}
	for i := range f.open {
		if c := &f.open[i]; !c.accepted && c.Start <= b.Meta.MaxStart {
			ids = append(ids, c.TraceID)
		}
	}
	return ids
}

// few are the ids of traces to look for, nil for all when there are so many that
// they would be in nearly every page of a block.
func few(ids []model.TraceID) []model.TraceID {
	if len(ids) > fewTraces {
		return nil
	}
	return ids
}

const fewTraces = 64

// foundInBlock is what one block has for a search.
type foundInBlock struct {
	hits    []found // replaced ones too
	revised []block.FlowHit
	spans   block.SpanHits
	all     bool // spans are not only those of hits
	scanned model.Scanned
	err     error
}

// scanAhead searches the blocks that come next while one is being taken in. It
// holds what as many blocks as there are processors have.
type scanAhead struct {
	f     *finder
	begun int // blocks
	queue chan chan *foundInBlock
	wait  sync.WaitGroup // for what is under way
}

func newScanAhead(f *finder) *scanAhead {
	return &scanAhead{f: f, queue: make(chan chan *foundInBlock, runtime.GOMAXPROCS(0)+1)}
}

// next returns what the next block has. The caller asks once for each block.
func (s *scanAhead) next(ctx context.Context) *foundInBlock {
	for s.begun < len(s.f.v.blocks) && len(s.queue) < runtime.GOMAXPROCS(0) {
		result, i := make(chan *foundInBlock, 1), s.begun
		s.begun++
		s.queue <- result
		s.wait.Go(func() { result <- s.f.inBlock(ctx, i) })
	}
	return <-<-s.queue
}

// inBlock searches the i-th block. It reads only what does not change with the
// search: the filter, the query and what memory has.
func (f *finder) inBlock(ctx context.Context, i int) *foundInBlock {
	b, r := f.v.blocks[i], &foundInBlock{}
	if b.Meta.Flows > 0 && b.Meta.FlowMinStart < f.flows.To && b.Meta.FlowMaxStart >= f.flows.From {
		r.scanned.Rows = b.Meta.Flows
	}
	if r.revised, r.err = b.RevisedFlows(ctx); r.err != nil {
		return r
	}
	var hits []block.FlowHit
	if hits, r.err = f.flowsIn(ctx, b, r, f.left[i+1]); r.err != nil {
		return r
	}
	r.hits = make([]found, len(hits))
	for i, h := range hits {
		r.hits[i] = found{FlowHit: h, from: b}
	}
	if f.filter.NeedsRow() {
		r.err = f.readRows(ctx, b, r.hits)
	}
	return r
}

// flowsIn returns the flows of a block that may be candidates and finds the
// spans beside them. Few flows say where to look for spans. Of many flows only
// those matter that a span here, in memory or in an older block speaks for.
func (f *finder) flowsIn(ctx context.Context, b *blockRef, r *foundInBlock, older remaining) ([]block.FlowHit, error) {
	q := f.flows
	q.MinDuration = max(q.MinDuration, time.Duration(f.longer.Load()))
	if len(f.filter.Spans) == 0 {
		return b.FindFlows(ctx, &q)
	}
	if f.known {
		r.all = true
		return f.knownFlows(ctx, b, &q)
	}
	n, err := b.CountFlows(ctx, &q)
	if err != nil || n == 0 {
		return nil, err
	}
	var hits []block.FlowHit
	if n <= fewTraces || !f.needsSpan() {
		if hits, err = b.FindFlows(ctx, &q); err != nil {
			return nil, err
		}
	}
	among := few(traceIDs(hits))
	if hits == nil {
		among = nil
	}
	var scanned model.Scanned
	if r.spans, scanned, err = b.FindSpans(ctx, f.filter.Spans, among); err != nil {
		return nil, err
	}
	r.scanned.Add(scanned)
	r.all = among == nil
	if hits != nil {
		return hits, nil
	}
	choice := &block.FlowChoice{Until: older.span}
	if len(r.spans) > 0 || len(f.memory) > 0 {
		choice.Trace = func(id model.TraceID) bool { return r.spans.Bits(id) != 0 || f.memory[id] != 0 }
	}
	return b.FindFlowsOf(ctx, &q, choice)
}

// needsSpan reports whether the filter holds for no trace without a span that
// one of its conditions holds for.
func (f *finder) needsSpan() bool {
	return f.filter.Rises() && !f.filter.NeedsRow() && !f.filter.Match(nil, 0)
}

func traceIDs(hits []block.FlowHit) []model.TraceID {
	ids := make([]model.TraceID, len(hits))
	for i := range hits {
		ids[i] = hits[i].TraceID
	}
	return ids
}

// readRows gives hits their rows.
func (f *finder) readRows(ctx context.Context, b *blockRef, hits []found) error {
	at := make([]int64, len(hits))
	for i := range hits {
		at[i] = hits[i].Row
	}
	rows, err := b.FlowRows(ctx, at)
	if err != nil {
		return err
	}
	for i := range hits {
		hits[i].row = &rows[i]
	}
	return nil
}
