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
	"github.com/flowscope/flowscope/internal/store/vfs"
	"github.com/flowscope/flowscope/internal/store/wal"
)

// Snapshot is a data directory at one moment. It is taken and read without the
// directory's lock and changes nothing, so a server may run on it: every span
// that was acknowledged before it was taken, and that retention has not taken
// out, is in it once.
type Snapshot struct {
	Blocks   []*block.Block // oldest first
	Damaged  []error        // why blocks could not be opened
	Segments []*Segment     // of the WAL, of what is in no block, ascending
}

// Segment is a WAL segment of a snapshot.
type Segment struct {
	Seq  uint64
	file vfs.File
}

// Bytes is the segment's size.
func (s *Segment) Bytes() (int64, error) { return s.file.Size() }

// Read yields the segment's batches, as wal.Read does.
func (s *Segment) Read(yield func(*model.Batch) error) (wal.Result, error) {
	return wal.ReadFile(s.file, s.Seq, yield)
}

// OpenSnapshot takes a snapshot of a data directory. The WAL comes first: what
// moves on into a block meanwhile is found in both, and then counts as the
// block's. With pin the blocks' spans stay readable whatever the server removes.
func OpenSnapshot(ctx context.Context, fsys vfs.FS, dir string, pin bool) (*Snapshot, error) {
	s := &Snapshot{}
	err := s.openWAL(fsys, filepath.Join(dir, "wal"))
	if err == nil {
		err = s.openBlocks(ctx, fsys, filepath.Join(dir, "blocks"), pin)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read the store in %s: %w", dir, err), s.Close())
	}
	return s, nil
}

func (s *Snapshot) openBlocks(ctx context.Context, fsys vfs.FS, dir string, pin bool) error {
	opened, damaged := map[string]*block.Block{}, map[string]error{}
	ids, err := StableBlocks(fsys, dir, func(id string) error {
		b, err := block.Open(fsys, dir, id)
		if err == nil {
			if pin {
				err = b.Pin(ctx)
			}
			if err == nil {
				opened[id] = b
			} else {
				_ = b.Close()
			}
		}
		damaged[id] = err
		return err
	})
	for _, id := range ids {
		if damaged[id] != nil && !errors.Is(damaged[id], block.ErrCorrupt) {
			err = errors.Join(err, damaged[id])
		}
	}
	err = errors.Join(err, ctx.Err())
	if err != nil {
		ids = nil // which closes all
	}
	s.use(ids, opened, damaged)
	return err
}

func (s *Snapshot) openWAL(fsys vfs.FS, dir string) error {
	names, err := fsys.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, name := range names {
		seq, ok := wal.ParseName(name)
		if !ok {
			continue
		}
		file, err := fsys.Open(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue // it is in a block since
		}
		if err != nil {
			return err
		}
		s.Segments = append(s.Segments, &Segment{seq, file})
		if err := wal.CheckFormat(fsys, dir, seq); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// use takes over the blocks of the listing that counts, without those that
// another replaces, and lets go of segments that they cover.
func (s *Snapshot) use(ids []string, opened map[string]*block.Block, damaged map[string]error) {
	replaced := map[string]bool{}
	for _, id := range ids {
		if opened[id] != nil {
			for _, old := range opened[id].Meta.Replaces {
				replaced[old] = true
			}
		}
	}
	covered := uint64(0)
	for _, id := range ids {
		switch b := opened[id]; {
		case replaced[id]:
		case damaged[id] != nil:
			s.Damaged = append(s.Damaged, damaged[id])
		default:
			s.Blocks = append(s.Blocks, b)
			covered = max(covered, b.Meta.WALSeq)
			delete(opened, id)
		}
	}
	for _, b := range opened {
		_ = b.Close()
	}
	slices.SortFunc(s.Blocks, func(x, y *block.Block) int { return olderMeta(x.Meta, y.Meta) })
	s.Segments = slices.DeleteFunc(s.Segments, func(g *Segment) bool {
		if g.Seq > covered {
			return false
		}
		_ = g.file.Close()
		return true
	})
}

// Close closes all files.
func (s *Snapshot) Close() error {
	var errs []error
	for _, b := range s.Blocks {
		errs = append(errs, b.Close())
	}
	for _, g := range s.Segments {
		errs = append(errs, g.file.Close())
	}
	return errors.Join(errs...)
}

// StableBlocks lists the blocks in a directory whose server may be publishing
// and removing some, calls take for each until it succeeds, and returns a listing
// of one moment, every block of which was taken. An error of take counts for
// nothing when the block is gone, and is take's to remember when it is not.
//
// A listing that a merge overtakes may lack both the new block and the old ones,
// so one after which a merged or rewritten block turns up is made again.
func StableBlocks(fsys vfs.FS, dir string, take func(id string) error) ([]string, error) {
	const tries = 1000 // each is overtaken by another merge: that is not a busy server, it is a fault
	taken := map[string]bool{}
	for range tries {
		ids, err := blockIDs(fsys, dir)
		if err != nil {
			return nil, err
		}
		var lost []string
		for _, id := range ids {
			if taken[id] {
				continue
			}
			if taken[id] = take(id) == nil; !taken[id] {
				lost = append(lost, id)
			}
		}
		after, err := blockIDs(fsys, dir)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(lost, func(id string) bool { return !slices.Contains(after, id) }) &&
			!slices.ContainsFunc(after, func(id string) bool { return block.Rewritten(id) && !slices.Contains(ids, id) }) {
			return ids, nil
		}
	}
	return nil, fmt.Errorf("list blocks in %s: they kept changing", dir)
}

func blockIDs(fsys vfs.FS, dir string) ([]string, error) {
	names, err := fsys.ReadDir(dir)
	return slices.DeleteFunc(names, func(name string) bool {
		_, _, ok := block.ParseID(name)
		return !ok
	}), err
}
