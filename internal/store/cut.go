package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/block"
	"github.com/flowscope/flowscope/internal/store/wal"
)

// cutLocked begins a new WAL segment and a new head and sends the barrier after
// the old one. order is held. On an error nothing has changed.
func (s *Store) cutLocked() error {
	s.nextSeq++ // a number is used once, even when making its segment fails
	next, err := wal.Create(s.fs, s.walDir, s.nextSeq)
	if err != nil {
		return err
	}
	if err := s.wal.Close(); err != nil {
		s.log.Warn("closing a WAL segment failed; all of it that counts is synced", "error", err)
	}
	s.wal = next
	s.mu.Lock()
	old := s.head
	s.head = &head{segments: []uint64{next.Seq()}}
	if len(old.batches) == 0 && s.live.empty() {
		// Nothing to make a block of: the new head covers its segments, too.
		s.head.segments = append(old.segments, next.Seq())
		s.mu.Unlock()
		return nil
	}
	old.cutAt, old.passed = s.cfg.Now(), make(chan struct{})
	s.flushing = append(s.flushing, old)
	s.mu.Unlock()
	if s.observer == nil {
		s.passed(old, nil)
		return nil
	}
	s.observer.Barrier(func(open []model.TraceID) { s.passed(old, open) })
	return nil
}

// passed is the barrier of a cut coming out of the observer: what was counted
// up to here belongs to the cut.
func (s *Store) passed(h *head, open []model.TraceID) {
	s.mu.Lock()
	h.derived, h.open = s.live, open
	s.live = newDerived()
	close(h.passed)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *Store) cutIfOld() {
	s.order.Lock()
	defer s.order.Unlock()
	if s.wal == nil {
		return
	}
	s.mu.RLock()
	old := !s.head.born.IsZero() && s.cfg.Now().Sub(s.head.born) >= s.cfg.HeadAge
	s.mu.RUnlock()
	if !old {
		return
	}
	if err := s.cutLocked(); err != nil {
		s.log.Error("no new WAL segment", "error", err)
	}
}

// Flush makes blocks of all that is in memory and returns when they are durable.
// The observer has to work on what it was given meanwhile.
func (s *Store) Flush(ctx context.Context) error {
	s.order.Lock()
	if s.wal == nil {
		s.order.Unlock()
		return s.notOpen()
	}
	err := s.cutLocked()
	s.mu.RLock()
	cut := slices.Clone(s.flushing)
	s.mu.RUnlock()
	s.order.Unlock()
	if err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	for _, h := range cut {
		select {
		case <-h.passed:
		case <-s.stop:
			return ErrClosed
		case <-ctx.Done():
			return fmt.Errorf("flush: %w", ctx.Err())
		}
	}
	if err := s.flushReady(ctx); err != nil {
		return fmt.Errorf("flush: %w", err)
	}
	return nil
}

// flushReady writes the heads whose barrier has passed, oldest first.
func (s *Store) flushReady(ctx context.Context) error {
	s.flushMu.Lock()
	defer s.flushMu.Unlock()
	for ctx.Err() == nil && !s.closed() {
		s.mu.RLock()
		var h *head
		if len(s.flushing) > 0 && s.flushing[0].ready() {
			h = s.flushing[0]
		}
		s.mu.RUnlock()
		if h == nil {
			return nil
		}
		err := s.flushHead(h)
		s.health.flush(err)
		if err != nil {
			s.counters.flushFailed.Add(1)
			return err
		}
	}
	if s.closed() {
		return ErrClosed
	}
	return ctx.Err()
}

// flushHead makes a head a block and forgets its WAL segments. flushMu is held,
// and nobody changes the head any more.
func (s *Store) flushHead(h *head) error {
	begun := s.cfg.Now()
	id, err := block.Write(s.fs, s.blockDir, &block.Content{
		WALSeq: h.last(), Created: h.cutAt, Batches: h.batches, Open: h.open,
		Flows:   h.derived.flows(),
		Rollups: h.derived.copies(),
	})
	if err != nil {
		return err
	}
	b, err := block.Open(s.fs, s.blockDir, id)
	if err != nil {
		return err
	}
	ref := newBlockRef(b)
	s.mu.Lock()
	s.flushing = s.flushing[1:]
	s.blocks = append(s.blocks, ref)
	blocks := s.blocks
	s.mu.Unlock()
	s.forgetOpen(blocks)
	s.unflushed.Add(-h.bytes)
	s.counters.flushed(s.cfg.Now().Sub(begun), b.Meta)
	s.leftover = append(s.leftover, h.segments...)
	s.removeSegments()
	select {
	case s.flushed <- struct{}{}:
	default:
	}
	return nil
}

// forgetOpen removes the list of open traces from the block before the one
// before the newest: should the newest turn out damaged, a start still finds the
// list of the one before it. flushMu is held.
func (s *Store) forgetOpen(blocks []*blockRef) {
	const kept = 2
	if len(blocks) <= kept {
		return
	}
	old := blocks[len(blocks)-1-kept]
	if old.bad.Load() != nil {
		return // as it is, for whoever wants to look
	}
	if err := old.ForgetOpen(); err != nil {
		s.log.Warn("a list of open traces that is no longer needed could not be removed", "error", err)
	}
}

// removeSegment removes a WAL segment, or sets it aside when it could not be read.
func (s *Store) removeSegment(name string) error {
	path := filepath.Join(s.walDir, name)
	if !slices.Contains(s.unreadable, name) {
		return s.fs.Remove(path)
	}
	if err := s.fs.RemoveAll(path + ".corrupt"); err != nil {
		return err
	}
	return s.fs.Rename(path, path+".corrupt")
}

// removeSegments removes WAL segments that are in a block. What cannot be
// removed is tried again before the next maintenance, which leaves the blocks of
// such segments alone, and at the next start. flushMu is held.
func (s *Store) removeSegments() {
	var kept []uint64
	for _, seq := range s.leftover {
		if err := s.removeSegment(wal.Name(seq)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.log.Warn("a WAL segment that is in a block could not be removed", "segment", wal.Name(seq), "error", err)
			kept = append(kept, seq)
			continue
		}
		s.unsynced = append(s.unsynced, seq)
	}
	s.leftover = kept
	if err := s.fs.SyncDir(s.walDir); err != nil {
		s.log.Warn("the WAL directory could not be synced", "error", err)
		return
	}
	s.unsynced = nil
}
