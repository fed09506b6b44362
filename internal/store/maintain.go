package store

import "context"

// Maintain applies retention, merges small blocks and closes files that nobody
// asks for. Run does it every 30 s.
func (s *Store) Maintain(ctx context.Context) error {
	s.maintainMu.Lock()
	defer s.maintainMu.Unlock()
	if s.closed() {
		return ErrClosed
	}
	err := s.tidyLocked(ctx)
	s.closeIdle()
	return err
}

// tidy is Maintain without the closing of files. Run does it after each block:
// what is over the limit goes at once, and merges come one by one.
func (s *Store) tidy(ctx context.Context) error {
	s.maintainMu.Lock()
	defer s.maintainMu.Unlock()
	if s.closed() {
		return ErrClosed
	}
	return s.tidyLocked(ctx)
}

// tidyLocked applies retention and merges. maintainMu is held.
func (s *Store) tidyLocked(ctx context.Context) error {
	if err := s.discardFailed(); err != nil {
		return err
	}
	err := s.retain(ctx)
	for err == nil && ctx.Err() == nil {
		run := s.mergeable()
		if run == nil {
			break
		}
		err = s.merge(ctx, run)
	}
	return err
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
