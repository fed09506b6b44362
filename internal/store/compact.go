package store

import (
	"context"
	"slices"
)

// compactAll is how much larger than usual the blocks of Compact may get: a
// merge holds one in memory, some 400 MB.
const compactAll = 4

// Compact applies retention and merges what is worth merging. With all it goes
// on to merge neighbours of any level into blocks of up to four times the usual
// size.
func (s *Store) Compact(ctx context.Context, all bool) error {
	if err := s.Maintain(ctx); err != nil || !all {
		return err
	}
	s.maintainMu.Lock()
	defer s.maintainMu.Unlock()
	if err := s.discardFailed(); err != nil {
		return err
	}
	for ctx.Err() == nil && !s.closed() {
		run := s.longestRun()
		if run == nil {
			return nil
		}
		if err := s.merge(ctx, run); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// longestRun is the oldest run of neighbours, two at least, that fit into one
// block, as long as it can be. It is nil when there is none.
func (s *Store) longestRun() []*blockRef {
	blocks, now := s.allBlocks(), s.cfg.Now().UnixNano()
	for i := range blocks {
		for j := len(blocks); j >= i+2; j-- {
			if run := blocks[i:j]; s.fits(run, compactAll*s.cfg.CompactSpans, now) {
				return slices.Clone(run)
			}
		}
	}
	return nil
}
