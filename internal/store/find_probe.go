package store

import (
	"context"
	"maps"
	"math"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/block"
)

// probe looks for the traces that spans speak for before any flow is read. When
// they are few, all of them are known after it, and of the flows only theirs
// matter. When they are many, the page will be full after a few blocks anyway.
// What it reads has the limits of a search once more.
func (f *finder) probe(ctx context.Context) error {
	if len(f.filter.Spans) == 0 || !f.needsSpan() {
		return nil
	}
	limits := f.v.s.cfg.Find
	caller := ctx
	ctx, cancel := context.WithTimeout(caller, limits.Time/probeShare)
	defer cancel()
	found := maps.Clone(f.memory)
	for blocks := f.probable(); len(blocks) > 0; {
		n := min(len(blocks), probeStep)
		hits, err := eachBlock(ctx, f.v, blocks[:n], f.probeBlock)
		if err != nil && ctx.Err() != nil && caller.Err() == nil {
			return nil // it takes too long to be worth it
		}
		if err != nil {
			return err
		}
		for _, h := range hits {
			f.probed.Add(h.cost)
			for _, hit := range h.spans {
				found[hit.TraceID] |= hit.Bits
			}
		}
		if len(found) > f.probeMost() || f.probed.Rows >= limits.Rows || f.probed.Bytes >= limits.Bytes {
			return nil
		}
		blocks = blocks[n:]
	}
	f.memory, f.known = found, true
	return nil
}

const (
	// probeStep is how many blocks are looked at between two looks at the limits.
	probeStep = 8
	// probeShare of a search's time is the most that the probe takes.
	probeShare = 3
)

// probeMost is how many traces are few: those of some pages, or as many as are
// sorted at no cost when the longest of all are asked for.
func (f *finder) probeMost() int {
	if f.q.ByDuration {
		return 10_000
	}
	return 4 * f.q.Limit
}

// probable are the blocks that may have spans of the flows in question: from the
// newest that has such flows (spans are there or in older ones) to those that
// ended before the first of the flows began.
func (f *finder) probable() []*blockRef {
	blocks := f.v.blocks
	for i, b := range blocks {
		if len(f.open) > 0 {
			break
		}
		if m := b.Meta; m.Flows > 0 && m.FlowMinStart < f.flows.To && m.FlowMaxStart >= f.flows.From {
			break
		}
		blocks = f.v.blocks[i+1:]
	}
	out := make([]*blockRef, 0, len(blocks))
	for _, b := range blocks {
		if b.Meta.MaxStart >= f.flows.From {
			out = append(out, b)
		}
	}
	return out
}

// probeHits is what the spans of one block say.
type probeHits struct {
	spans block.SpanHits
	cost  model.Scanned
}

func (f *finder) probeBlock(ctx context.Context, b *blockRef) (h probeHits, err error) {
	h.spans, h.cost, err = b.FindSpans(ctx, f.filter.Spans, nil)
	return h, err
}

// knownFlows returns the flows of a block that the probe found spans of.
func (f *finder) knownFlows(ctx context.Context, b *blockRef, q *model.FlowQuery) ([]block.FlowHit, error) {
	if len(f.memory) == 0 {
		return nil, nil
	}
	return b.FindFlowsOf(ctx, q, &block.FlowChoice{
		Until: math.MinInt64,
		Trace: func(id model.TraceID) bool { return f.memory[id] != 0 },
	})
}
