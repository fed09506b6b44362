package store

import (
	"context"
	"sync"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/block"
)

// maxShared bounds the bytes of sums that are kept, some tens of questions about
// a hundred operations.
const maxShared = 16 << 20

// sharedSums are what blocks add up to, by question. Dashboards that show the
// same period ask the same within a minute, and blocks do not change: one adds
// them up, the others get copies. When there are new blocks, only these are added.
type sharedSums struct {
	mu    sync.Mutex
	of    map[model.RollupQuery]*shared
	bytes int64
	clock uint64
}

// shared is an answer of blocks. Whoever has put something in turn may use it.
type shared struct {
	turn   chan struct{}
	sums   *block.RollupSums // nil before the first
	blocks map[string]bool   // that are in it

	used  uint64 // guarded by sharedSums.mu, as bytes
	bytes int64
}

// rollups adds up what the blocks of a view have. The sums are the caller's.
func (c *sharedSums) rollups(ctx context.Context, v *view, q model.RollupQuery) (*block.RollupSums, error) {
	e := c.entry(q)
	select {
	case e.turn <- struct{}{}:
		defer func() { <-e.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for {
		blocks := v.readable()
		missing := e.missing(blocks)
		if e.sums != nil && len(missing) == 0 {
			return e.sums.Clone(), nil
		}
		sums, at, err := addBlocks(ctx, missing, q)
		if err == nil {
			e.add(sums, blocks)
			c.keep(q, e)
			return sums, nil
		}
		if err = v.failed(at, err); err != nil {
			return nil, err
		}
	}
}

// missing are the blocks that are not in the sums. Sums with a block that is
// there no more are forgotten.
func (e *shared) missing(blocks []*blockRef) (missing []*blockRef) {
	for _, b := range blocks {
		if !e.blocks[b.Meta.ID] {
			missing = append(missing, b)
		}
	}
	if len(blocks)-len(missing) < len(e.blocks) {
		e.sums, e.blocks = nil, nil
		return blocks
	}
	return missing
}

// add adds what is known to the sums of missing blocks, and keeps a copy: all are
// in then.
func (e *shared) add(sums *block.RollupSums, all []*blockRef) {
	if e.sums != nil {
		sums.Merge(e.sums)
	}
	e.sums, e.blocks = sums.Clone(), make(map[string]bool, len(all))
	for _, b := range all {
		e.blocks[b.Meta.ID] = true
	}
}

// entry is where the answer to a question is, or will be.
func (c *sharedSums) entry(q model.RollupQuery) *shared {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.of[q]
	if e == nil {
		if c.of == nil {
			c.of = map[model.RollupQuery]*shared{}
		}
		e = &shared{turn: make(chan struct{}, 1)}
		c.of[q] = e
	}
	c.clock++
	e.used = c.clock
	return e
}

// keep counts what an answer takes, and forgets those that were not asked for
// the longest while all are too large, or too many.
func (c *sharedSums) keep(q model.RollupQuery, e *shared) {
	const most = 256
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.of[q] != e {
		return // forgotten meanwhile
	}
	c.bytes -= e.bytes
	e.bytes = e.sums.Size()
	c.bytes += e.bytes
	for c.bytes > maxShared || len(c.of) > most {
		var oldest model.RollupQuery
		for other, o := range c.of {
			if have := c.of[oldest]; have == nil || o.used < have.used {
				oldest = other
			}
		}
		c.bytes -= c.of[oldest].bytes
		delete(c.of, oldest)
	}
}
