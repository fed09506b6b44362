package store

import (
	"context"
	"errors"
	"slices"

	"github.com/flowscope/flowscope/internal/store/block"
)

// retain takes out what the rules no longer keep. What frees space without
// needing any comes first: a full disk must not stop it. maintainMu is held.
func (s *Store) retain(ctx context.Context) error {
	now := s.cfg.Now().UnixNano()
	var errs []error
	blocks := slices.DeleteFunc(s.allBlocks(), func(b *blockRef) bool {
		if !s.rules.gone(b.Meta, now) {
			return false
		}
		errs = append(errs, s.expire(b))
		return true
	})
	blocks, err := s.retainBytes(blocks)
	errs = append(errs, err)
	over := s.overBytes(blocks)
	for _, b := range blocks {
		if b.bad.Load() != nil || (over[b] == nil && !s.rules.due(b.Meta, b.looked, now)) {
			continue
		}
		if err := s.prune(ctx, b, now, over[b]); err != nil {
			errs = append(errs, err)
			break // the next would fail for the same reason
		}
	}
	return errors.Join(errs...)
}

// allBlocks are the blocks whose WAL segments are gone for good, and no newer than
// the first of which one is left. A block that is being flushed is not among them:
// should it be removed and its segments come back in a crash, it would be counted
// again.
func (s *Store) allBlocks() []*blockRef {
	s.flushMu.Lock()
	defer s.flushMu.Unlock()
	if len(s.leftover)+len(s.unsynced) > 0 {
		s.removeSegments()
	}
	left := slices.Concat(s.leftover, s.unsynced)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return slices.DeleteFunc(slices.Clone(s.blocks), func(b *blockRef) bool {
		return len(left) > 0 && b.Meta.WALSeq >= slices.Min(left)
	})
}

// retainBytes removes whole blocks, the oldest first, until the rest is within
// the limit, and returns the rest. The newest stays however small the limit is:
// a store that is too small for one block still shows what came last.
func (s *Store) retainBytes(blocks []*blockRef) (rest []*blockRef, err error) {
	if s.rules.Bytes == 0 {
		return blocks, nil
	}
	total := int64(0)
	for _, b := range blocks {
		total += b.Meta.Bytes
	}
	var errs []error
	for len(blocks) > 1 && total > s.rules.Bytes {
		total -= blocks[0].Meta.Bytes
		errs = append(errs, s.expire(blocks[0]))
		blocks = blocks[1:]
	}
	return blocks, errors.Join(errs...)
}

// overBytes are the environments to take out of each block because newer blocks
// use up their limit. An environment's bytes in a block are its share of the
// spans. The newest block stays as it is.
func (s *Store) overBytes(blocks []*blockRef) map[*blockRef]map[string]bool {
	out := map[*blockRef]map[string]bool{}
	for _, limit := range s.rules.limited() {
		total := int64(0)
		for i, b := range slices.Backward(blocks) {
			total += bytesOf(b.Meta, limit.Name)
			if i == len(blocks)-1 || total <= limit.Bytes || !holds(b.Meta, limit.Name) {
				continue
			}
			if out[b] == nil {
				out[b] = map[string]bool{}
			}
			out[b][limit.Name] = true
		}
	}
	return out
}

func bytesOf(m *block.Meta, env string) int64 {
	for _, e := range m.Environments {
		if e.Name == env && m.Spans > 0 {
			return int64(float64(m.Bytes) * float64(e.Spans) / float64(m.Spans))
		}
	}
	return 0
}

// holds reports whether a block has spans or flows of an environment.
func holds(m *block.Meta, env string) bool {
	return slices.ContainsFunc(m.Environments, func(e block.Environment) bool { return e.Name == env && e.Spans+e.Flows > 0 })
}

// expire removes a block whose time is over.
func (s *Store) expire(b *blockRef) error {
	s.counters.expired.Add(1)
	return s.drop(b)
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
