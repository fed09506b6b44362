package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/block"
	"github.com/flowscope/flowscope/internal/store/vfs"
	"github.com/flowscope/flowscope/internal/store/wal"
)

// checkWAL refuses segments of a newer format.
func (s *Store) checkWAL() error {
	names, err := s.fs.ReadDir(s.walDir)
	if err != nil {
		return err
	}
	for _, name := range names {
		if seq, ok := wal.ParseName(name); ok {
			if err := wal.CheckFormat(s.fs, s.walDir, seq); err != nil {
				return err
			}
		}
	}
	return nil
}

// loadBlocks opens the published blocks, and then removes unfinished ones and
// those that another block was merged from. A block of a newer format is an
// error, before anything is removed.
func (s *Store) loadBlocks() error {
	names, err := s.fs.ReadDir(s.blockDir)
	if err != nil {
		return err
	}
	var unfinished, ids []string
	for _, name := range names {
		_, seq, ok := block.ParseID(name)
		switch {
		case block.IsTemp(name):
			unfinished = append(unfinished, filepath.Join(s.blockDir, name))
		case ok:
			s.nextSeq = max(s.nextSeq, seq)
			ids = append(ids, name)
		default:
			s.log.Warn("this is not a block and is left alone", "name", filepath.Join(s.blockDir, name))
		}
	}
	if err := s.openBlocks(ids); err != nil {
		return err
	}
	for _, dir := range unfinished {
		if err := s.fs.RemoveAll(dir); err != nil {
			return err
		}
	}
	return s.removeReplaced()
}

// openBlocks opens blocks, as many at once as there are processors.
func (s *Store) openBlocks(ids []string) error {
	s.blocks = make([]*blockRef, len(ids))
	var open errgroup.Group
	open.SetLimit(runtime.GOMAXPROCS(0))
	for i, id := range ids {
		open.Go(func() (err error) {
			s.blocks[i], err = s.loadBlock(id)
			return err
		})
	}
	if err := open.Wait(); err != nil {
		s.blocks = nil
		return err
	}
	return nil
}

// removeReplaced removes blocks that a crash left beside the one that was merged
// from them.
func (s *Store) removeReplaced() error {
	replaced := map[string]bool{}
	for _, ref := range s.blocks {
		for _, id := range ref.Meta.Replaces {
			replaced[id] = true
		}
	}
	// The oldest first: a crash in between must not take the list before what it lists.
	slices.SortFunc(s.blocks, olderBlock)
	for _, ref := range s.blocks {
		if replaced[ref.Meta.ID] {
			if err := block.Remove(s.fs, s.blockDir, ref.Meta.ID); err != nil {
				return err
			}
		}
	}
	s.blocks = slices.DeleteFunc(s.blocks, func(b *blockRef) bool { return replaced[b.Meta.ID] })
	return nil
}

// loadBlock opens a block. What cannot be read is quarantined.
func (s *Store) loadBlock(id string) (*blockRef, error) {
	b, err := block.Open(s.fs, s.blockDir, id)
	if err == nil {
		return newBlockRef(b), nil
	}
	if errors.Is(err, block.ErrNewer) || errors.Is(err, block.ErrOpen) {
		return nil, err
	}
	at, seq, _ := block.ParseID(id)
	size := block.SizeOnDisk(s.fs, s.blockDir, id)
	ref := newBlockRef(&block.Block{Meta: &block.Meta{ID: id, WALSeq: seq, Created: at.UnixNano(), Since: at.UnixNano(), Bytes: size}})
	s.quarantine(ref, err)
	return ref, nil
}

// Start replays the WAL and takes Append into service. The observer, which may
// be nil, first gets the spans of the traces that were open when the last block
// was made and then the batches of the WAL.
func (s *Store) Start(ctx context.Context, observer Observer) error {
	s.order.Lock()
	defer s.order.Unlock()
	if s.wal != nil {
		return errors.New("start store: started already")
	}
	s.observer = observer
	if err := s.recover(ctx); err != nil {
		return fmt.Errorf("start store: %w", err)
	}
	return nil
}

func (s *Store) recover(ctx context.Context) error {
	covered, open, err := s.lastBlock()
	if err != nil {
		return err
	}
	segments, err := s.segments(covered)
	if err != nil {
		return err
	}
	if err := s.reopen(ctx, open); err != nil {
		return err
	}
	h := &head{}
	s.mu.Lock()
	s.head = h
	s.mu.Unlock()
	s.log.Info("replaying the write-ahead log", "segments", len(segments))
	for i, seq := range segments {
		if err := s.replay(ctx, h, seq, i == len(segments)-1); err != nil {
			return err
		}
	}
	s.log.Info("replayed the write-ahead log", "spans", s.counters.replayed.Load())
	s.nextSeq++
	w, err := wal.Create(s.fs, s.walDir, s.nextSeq)
	if err != nil {
		return err
	}
	s.mu.Lock()
	h.segments = append(segments, w.Seq())
	full := h.bytes >= s.cfg.HeadBytes
	s.mu.Unlock()
	s.wal = w
	s.started.Store(true)
	if full {
		return s.cutLocked()
	}
	return nil
}

// lastBlock is up to where the WAL is in blocks, and the traces that were open
// there. A damaged block covers nothing: while its segments are there, they are
// the better copy.
func (s *Store) lastBlock() (covered uint64, open []model.TraceID, err error) {
	v := s.view()
	defer v.release()
	if len(v.blocks) == 0 {
		return 0, nil, nil
	}
	last := v.blocks[0]
	open, err = s.openTraces(last)
	return last.Meta.WALSeq, open, err
}

// openTraces are the traces that were open when a block was cut. A damaged list
// is an empty one: the block's spans are no worse for it.
func (s *Store) openTraces(b *blockRef) ([]model.TraceID, error) {
	open, err := b.OpenTraces()
	if isCorrupt(err) {
		s.counters.openLost.Add(1)
		s.log.Warn("a block's list of open traces is damaged; flows that were open may be counted by what comes after alone",
			"block", b.Meta.ID, "error", err)
		return nil, nil
	}
	return open, err
}

// segments lists the WAL segments that are in no block and removes the others.
func (s *Store) segments(covered uint64) ([]uint64, error) {
	names, err := s.fs.ReadDir(s.walDir)
	if err != nil {
		return nil, err
	}
	var out []uint64
	for _, name := range names {
		seq, ok := wal.ParseName(name)
		if !ok {
			continue
		}
		s.nextSeq = max(s.nextSeq, seq)
		if seq > covered {
			out = append(out, seq)
			continue
		}
		if err := s.fs.Remove(filepath.Join(s.walDir, name)); err != nil {
			return nil, err
		}
	}
	slices.Sort(out)
	return out, s.fs.SyncDir(s.walDir)
}

// reopen hands the spans of open traces to the observer, those of older blocks
// first.
func (s *Store) reopen(ctx context.Context, open []model.TraceID) error {
	if s.observer == nil || len(open) == 0 {
		return nil
	}
	v := s.view()
	defer v.release()
	batches, err := eachBlock(ctx, v, v.blocks, func(ctx context.Context, b *blockRef) (*model.Batch, error) {
		return b.Traces(ctx, open)
	})
	for _, batch := range slices.Backward(batches) {
		if batch != nil {
			s.observer.Observe(batch)
		}
	}
	return err
}

// replay reads a segment into the head and past the observer.
func (s *Store) replay(ctx context.Context, h *head, seq uint64, last bool) error {
	now := s.cfg.Now()
	res, err := wal.Read(s.fs, s.walDir, seq, func(b *model.Batch) error {
		s.mu.Lock()
		h.add(b, now)
		s.mu.Unlock()
		s.unflushed.Add(int64(b.Size()))
		s.counters.replayed.Add(int64(b.Len()))
		if s.observer != nil {
			s.observer.Observe(b)
		}
		return ctx.Err()
	})
	if err == nil && res.Bad != nil {
		err = s.repair(seq, res, res.Torn && (last || res.Empty))
	}
	if errors.Is(err, wal.ErrUnreadable) {
		s.counters.walCorrupt.Add(1)
		s.unreadable = append(s.unreadable, wal.Name(seq))
		s.log.Error("the disk does not give back all of a WAL segment; what can be read is used, and the segment is kept as .corrupt",
			"segment", wal.Name(seq), "error", err)
		return nil
	}
	return err
}

// repair cuts a segment off after its last good record. Of a torn end nothing
// was acknowledged; anything else is kept beside it for whoever wants to look.
func (s *Store) repair(seq uint64, res wal.Result, torn bool) error {
	name := filepath.Join(s.walDir, wal.Name(seq))
	log := s.log.With("segment", name, "at", res.Good, "bytes", res.Size-res.Good, "error", res.Bad)
	if torn {
		s.counters.torn.Add(1)
		log.Warn("the end of the WAL was torn and is cut off; nothing in it was acknowledged")
	} else {
		if err := s.keep(name, res.Good, res.Size); err != nil {
			return err
		}
		s.counters.walCorrupt.Add(1)
		log.Error("a WAL segment is damaged; the rest of it is kept as .corrupt and not read")
	}
	f, err := s.fs.OpenAppend(name)
	if err != nil {
		return err
	}
	err = f.Truncate(res.Good)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil || res.Good > 0 {
		return err
	}
	return errors.Join(s.fs.Remove(name), s.fs.SyncDir(s.walDir)) // not even a header
}

// keep copies the end of a file to name.corrupt.
func (s *Store) keep(name string, from, to int64) (err error) {
	f, err := s.fs.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	p := make([]byte, to-from)
	if n, err := f.ReadAt(p, from); n < len(p) {
		return fmt.Errorf("%w: %w", wal.ErrUnreadable, err)
	}
	if err := s.fs.RemoveAll(name + ".corrupt"); err != nil {
		return err
	}
	if err := vfs.WriteFile(s.fs, name+".corrupt", p); err != nil {
		return err
	}
	return s.fs.SyncDir(s.walDir)
}
