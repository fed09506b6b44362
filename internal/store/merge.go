package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/block"
)

func olderBlock(x, y *blockRef) int { return olderMeta(x.Meta, y.Meta) }

func olderMeta(x, y *block.Meta) int {
	return cmp.Or(cmp.Compare(x.WALSeq, y.WALSeq), cmp.Compare(x.Generation, y.Generation))
}

// mergeFan is how many neighbours of one level become one block. A span is
// rewritten once for each power of it; eight keeps a quiet server, which makes
// 288 blocks a day, at some dozens.
const mergeFan = 8

// mergeable returns the oldest run of neighbours worth merging, nil when there
// is none.
func (s *Store) mergeable() []*blockRef {
	blocks, now := s.allBlocks(), s.cfg.Now().UnixNano()
	for i := range len(blocks) - mergeFan + 1 {
		run := blocks[i : i+mergeFan]
		level := run[0].Meta.Level
		if !slices.ContainsFunc(run, func(b *blockRef) bool { return b.Meta.Level != level }) &&
			s.fitting(run, now) == mergeFan {
			return run
		}
	}
	return nil
}

// fitting is how many of neighbours, from the first, may become one block.
func (s *Store) fitting(blocks []*blockRef, now int64) int {
	spans, need, width := int64(0), int64(0), int64(math.MaxInt64)
	for i, b := range blocks {
		spans += b.Meta.Spans
		need += b.Meta.RewriteNeed()
		width = min(width, int64(s.rules.mergeSpan(b.Meta, now)))
		if b.bad.Load() != nil || spans > s.cfg.CompactSpans || need > s.cfg.CompactBytes ||
			b.Meta.Created-blocks[0].Meta.Since > width {
			return i
		}
	}
	return len(blocks)
}

// merge makes one block of several neighbours. maintainMu is held, so nobody else
// takes them away.
func (s *Store) merge(ctx context.Context, run []*blockRef) error {
	c, err := s.gather(ctx, run)
	if err != nil || c == nil {
		return err
	}
	last := run[len(run)-1].Meta
	c.Generation, c.Pruned = last.Generation+1, last.Pruned
	for _, b := range run {
		c.Level = max(c.Level, b.Meta.Level+1)
		c.Pruned = prunedBoth(c.Pruned, b.Meta.Pruned)
	}
	if err := s.replace(c, run); err != nil {
		return err
	}
	s.counters.merges.Add(1)
	return nil
}

// prunedBoth is what holds for two blocks together.
func prunedBoth(x, y *block.Pruned) *block.Pruned {
	if x == nil || y == nil || x.By != y.By {
		return nil
	}
	return &block.Pruned{At: min(x.At, y.At), By: x.By}
}

// replace publishes a block in place of those it was made of. After an error the
// round ends, and the next begins with discardFailed.
func (s *Store) replace(c *block.Content, run []*blockRef) error {
	id, err := block.Write(s.fs, s.blockDir, c)
	var b *block.Block
	if err == nil {
		b, err = block.Open(s.fs, s.blockDir, id)
	}
	if err != nil {
		s.unpublished = append(s.unpublished, id)
		return err
	}
	s.mu.Lock()
	s.blocks = slices.DeleteFunc(slices.Clone(s.blocks), func(o *blockRef) bool {
		// A damaged block of this name, found beside its sources at the start,
		// is on disk no more.
		return slices.Contains(run, o) || o.Meta.ID == id
	})
	s.blocks = append(s.blocks, newBlockRef(b))
	slices.SortFunc(s.blocks, olderBlock)
	s.mu.Unlock()
	var errs []error
	for _, old := range run {
		old.remove = func() error { return block.Remove(s.fs, s.blockDir, old.Meta.ID) }
		errs = append(errs, old.release())
	}
	return errors.Join(errs...)
}

// discardFailed removes what replace wrote and could not publish. It may be on
// disk whole, and stands for the blocks it was made of only as long as those are
// what they were: nothing may be removed or merged before it is gone for good.
// maintainMu is held.
func (s *Store) discardFailed() error {
	for len(s.unpublished) > 0 {
		if err := block.Discard(s.fs, s.blockDir, s.unpublished[0]); err != nil {
			return err
		}
		s.unpublished = s.unpublished[1:]
	}
	return nil
}

// gather reads neighbouring blocks into the content of one. It is nil when one
// of them is damaged, which the next round then leaves out.
func (s *Store) gather(ctx context.Context, run []*blockRef) (*block.Content, error) {
	last := run[len(run)-1].Meta
	c := &block.Content{WALSeq: last.WALSeq, Created: time.Unix(0, last.Created), Since: run[0].Meta.Since}
	flows := map[model.TraceID]*model.FlowSummary{}
	rollups := map[model.RollupKey]*model.Rollup{}
	for _, b := range run {
		if err := gatherOne(ctx, b, c, flows, rollups); errors.Is(err, block.ErrCorrupt) {
			s.quarantine(b, err)
			return nil, nil
		} else if err != nil {
			return nil, fmt.Errorf("read block %s: %w", b.Meta.ID, err)
		}
	}
	for _, f := range flows {
		c.Flows = append(c.Flows, f)
	}
	for _, r := range rollups {
		c.Rollups = append(c.Rollups, r)
	}
	var err error
	if c.Open, err = s.openTraces(run[len(run)-1]); err != nil {
		return nil, err
	}
	c.Replaces, err = s.replaced(run)
	return c, err
}

// replaced are the names of the blocks, and of those they replaced that a slow
// reader has kept on disk: without them in the list a crash would bring those
// back beside the new block.
func (s *Store) replaced(run []*blockRef) ([]string, error) {
	there, err := s.fs.ReadDir(s.blockDir)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, b := range run {
		out = append(out, b.Meta.ID)
		for _, id := range b.Meta.Replaces {
			if slices.Contains(there, id) {
				out = append(out, id)
			}
		}
	}
	return out, nil
}

func gatherOne(ctx context.Context, b *blockRef, c *block.Content, flows map[model.TraceID]*model.FlowSummary, rollups map[model.RollupKey]*model.Rollup) error {
	batches, err := b.Spans(ctx)
	if err != nil {
		return err
	}
	c.Batches = append(c.Batches, batches...)
	rows, err := b.Flows(ctx)
	if err != nil {
		return err
	}
	for _, f := range rows {
		if have := flows[f.TraceID]; have == nil || have.Revision <= f.Revision {
			flows[f.TraceID] = f
		}
	}
	return b.MergeRollups(ctx, rollups)
}
