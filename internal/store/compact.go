package store

import (
	"context"
	"slices"
)

// Compact applies retention and merges what is worth merging. With all it goes
// on to merge neighbours of any level, two or more.
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
		if n := s.fitting(blocks[i:], now); n >= 2 {
			return slices.Clone(blocks[i : i+n])
		}
	}
	return nil
}
