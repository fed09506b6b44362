package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/block"
)

func olderBlock(x, y *blockRef) int {
	return cmp.Or(cmp.Compare(x.Meta.WALSeq, y.Meta.WALSeq), cmp.Compare(x.Meta.Generation, y.Meta.Generation))
}

// Maintain applies retention, merges small blocks and closes files that nobody
// asks for. Run does it every 30 s.
func (s *Store) Maintain(ctx context.Context) error {
	s.flushMu.Lock()
	defer s.flushMu.Unlock()
	if s.closed() {
		return ErrClosed
	}
	err := s.retain()
	for err == nil && ctx.Err() == nil {
		run := s.mergeable()
		if run == nil {
			break
		}
		err = s.merge(ctx, run)
	}
	s.closeIdle()
	return err
}

// retain removes whole blocks, the oldest first. The newest stays however small
// the limit on bytes is: a store that is too small for one block still shows
// what came last. flushMu is held.
func (s *Store) retain() error {
	s.mu.RLock()
	total := int64(0)
	for _, b := range s.blocks {
		total += b.Meta.Bytes
	}
	blocks := slices.Clone(s.blocks)
	s.mu.RUnlock()
	var errs []error
	oldest := s.cfg.Now().Add(-s.cfg.RetentionAge).UnixNano()
	for i, b := range blocks {
		tooOld := s.cfg.RetentionAge > 0 && b.Meta.Newest() < oldest
		tooMuch := s.cfg.RetentionBytes > 0 && total > s.cfg.RetentionBytes && i < len(blocks)-1
		if !tooOld && !tooMuch {
			continue
		}
		total -= b.Meta.Bytes
		s.counters.expired.Add(1)
		errs = append(errs, s.drop(b))
	}
	return errors.Join(errs...)
}

// drop takes a block out of the store. Its directory goes when the last reader
// has let go of it.
func (s *Store) drop(b *blockRef) error {
	s.mu.Lock()
	s.blocks = slices.DeleteFunc(slices.Clone(s.blocks), func(o *blockRef) bool { return o == b })
	s.mu.Unlock()
	b.remove = func() error { return block.Remove(s.fs, s.blockDir, b.Meta.ID) }
	return b.release()
}

// mergeFan is how many neighbours of one generation become one block. A span is
// rewritten once for each power of it; eight keeps a quiet server, which makes
// 288 blocks a day, at some dozens.
const mergeFan = 8

// mergeSpan bounds the time a merged block covers, so that retention by age
// stays a matter of days.
const mergeSpan = 24 * time.Hour

// mergeable returns the oldest run of neighbours worth merging, nil when there
// is none.
func (s *Store) mergeable() []*blockRef {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for i := range len(s.blocks) - mergeFan + 1 {
		run := s.blocks[i : i+mergeFan]
		spans, first := int64(0), run[0].Meta
		for _, b := range run {
			if b.bad.Load() != nil || b.Meta.Generation != first.Generation || b.Meta.Created-first.Created > int64(mergeSpan) {
				spans = s.cfg.CompactSpans + 1
				break
			}
			spans += b.Meta.Spans
		}
		if spans <= s.cfg.CompactSpans {
			return slices.Clone(run)
		}
	}
	return nil
}

// merge makes one block of several neighbours. flushMu is held, so nobody else
// takes them away.
func (s *Store) merge(ctx context.Context, run []*blockRef) error {
	c, err := s.merged(ctx, run)
	if err != nil || c == nil {
		return err
	}
	id, err := block.Write(s.fs, s.blockDir, c)
	if err != nil {
		return err
	}
	b, err := block.Open(s.fs, s.blockDir, id)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.blocks = slices.DeleteFunc(slices.Clone(s.blocks), func(o *blockRef) bool { return slices.Contains(run, o) })
	s.blocks = append(s.blocks, newBlockRef(b))
	slices.SortFunc(s.blocks, olderBlock)
	s.mu.Unlock()
	s.counters.merges.Add(1)
	var errs []error
	for _, old := range run {
		old.remove = func() error { return block.Remove(s.fs, s.blockDir, old.Meta.ID) }
		errs = append(errs, old.release())
	}
	return errors.Join(errs...)
}

// merged reads blocks into the content of one. It is nil when one of them is
// damaged, which the next round then leaves out.
func (s *Store) merged(ctx context.Context, run []*blockRef) (*block.Content, error) {
	last := run[len(run)-1]
	c := &block.Content{WALSeq: last.Meta.WALSeq, Generation: last.Meta.Generation + 1, Created: time.Unix(0, last.Meta.Created)}
	var err error
	if c.Open, err = last.OpenTraces(); errors.Is(err, block.ErrCorrupt) {
		s.quarantine(last, err)
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("merge block %s: %w", last.Meta.ID, err)
	}
	flows := map[model.TraceID]*model.FlowSummary{}
	rollups := newDerived()
	for _, b := range run {
		c.Replaces = append(c.Replaces, b.Meta.ID)
		if err := s.mergeOne(ctx, b, c, flows, rollups); errors.Is(err, block.ErrCorrupt) {
			s.quarantine(b, err)
			return nil, nil
		} else if err != nil {
			return nil, fmt.Errorf("merge block %s: %w", b.Meta.ID, err)
		}
	}
	for _, f := range flows {
		c.Flows = append(c.Flows, f)
	}
	for _, r := range rollups.rollups {
		c.Rollups = append(c.Rollups, r)
	}
	return c, nil
}

func (s *Store) mergeOne(ctx context.Context, b *blockRef, c *block.Content, flows map[model.TraceID]*model.FlowSummary, sum *derived) error {
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
	return b.Rollups(ctx, model.RollupQuery{}, func(r *model.Rollup) bool {
		if have := sum.rollups[r.RollupKey]; have != nil {
			have.Merge(r)
		} else {
			sum.rollups[r.RollupKey] = r
		}
		return true
	})
}

// closeIdle closes the files of blocks that no reader asked for since the last
// time, which bounds the open files to what is in use.
func (s *Store) closeIdle() {
	s.mu.Lock() // no reader can take a block meanwhile
	defer s.mu.Unlock()
	for _, b := range s.blocks {
		if !b.used.Swap(false) && b.refs.Load() == 1 {
			if err := b.Close(); err != nil {
				s.log.Warn("closing the files of a block failed", "block", b.Meta.ID, "error", err)
			}
		}
	}
}
