package storecmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/flowscope/flowscope/internal/store"
	"github.com/flowscope/flowscope/internal/store/block"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

// Backup makes out, which must not exist, a copy of a data directory that a
// server may be running on: every span acknowledged before is in it once. The
// WAL is copied first, because what leaves it meanwhile is in a block by then
// and blocks come after; a segment that both cover is dropped when a server
// starts on the copy. Files of blocks never change, so with link they are linked
// where out is on the same filesystem, and copied where it is not.
func Backup(ctx context.Context, dir, out string, link bool, report io.Writer) (err error) {
	out = filepath.Clean(out) // completion ends it in a slash
	if within(dir, out) {
		return fmt.Errorf("back up to %s: it is inside of %s", out, dir)
	}
	if _, err := os.Lstat(out); err == nil {
		return fmt.Errorf("back up to %s: %w", out, fs.ErrExist)
	}
	b := &backup{from: dir, to: out + ".tmp", link: link}
	if err := os.RemoveAll(b.to); err != nil {
		return fmt.Errorf("back up: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("back up %s: %w", dir, err), os.RemoveAll(b.to)) // a copy that is there stays
		}
	}()
	if err := b.run(ctx); err != nil {
		return err
	}
	if err := os.Rename(b.to, out); err != nil {
		return err
	}
	if err := (vfs.OS{}).SyncDir(filepath.Dir(out)); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(report, "%s: %d files, %d bytes copied, %d files linked\n", out, b.files, b.bytes, b.linked); err != nil {
		return err
	}
	return incomplete(ctx, out)
}

// within reports whether a path is inside of a directory.
func within(dir, path string) bool {
	from, fromErr := filepath.Abs(dir)
	to, toErr := filepath.Abs(path)
	inside, err := filepath.Rel(from, to)
	return fromErr == nil && toErr == nil && err == nil && inside != "." && filepath.IsLocal(inside)
}

// incomplete returns what can be told to be wrong with a copy without reading it:
// a damaged store has a damaged copy.
func incomplete(ctx context.Context, dir string) (err error) {
	s, err := store.OpenSnapshot(ctx, vfs.OS{}, dir, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	errs := s.Damaged
	for _, b := range s.Blocks {
		errs = append(errs, b.CheckSizes()...)
	}
	if len(errs) > 0 {
		return fmt.Errorf("%w, and so is its copy: %w", ErrDamaged, errors.Join(errs...))
	}
	return nil
}

type backup struct {
	from, to      string
	link          bool
	files, linked int
	bytes         int64
}

func (b *backup) run(ctx context.Context) error {
	for _, dir := range []string{"wal", "blocks"} {
		if err := (vfs.OS{}).MkdirAll(filepath.Join(b.to, dir)); err != nil {
			return err
		}
	}
	if err := b.wal(); err != nil {
		return err
	}
	if err := b.blocks(ctx); err != nil {
		return err
	}
	return (vfs.OS{}).SyncDir(b.to)
}

// wal copies the segments, and what was kept of damaged ones. They are never
// linked: the server writes on.
func (b *backup) wal() error {
	names, err := (vfs.OS{}).ReadDir(filepath.Join(b.from, "wal"))
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := b.copy(filepath.Join("wal", name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return (vfs.OS{}).SyncDir(filepath.Join(b.to, "wal"))
}

// blocks copies blocks until those copied are those of one moment, and removes
// what was overtaken.
func (b *backup) blocks(ctx context.Context) error {
	var failed error // not for want of the block
	ids, err := store.StableBlocks(vfs.OS{}, filepath.Join(b.from, "blocks"), func(id string) error {
		err := errors.Join(ctx.Err(), b.block(id))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = errors.Join(failed, err)
		}
		return err
	})
	if err = errors.Join(failed, err); err != nil {
		return err
	}
	copied, err := (vfs.OS{}).ReadDir(filepath.Join(b.to, "blocks"))
	if err != nil {
		return err
	}
	for _, id := range copied {
		if !slices.Contains(ids, id) {
			if err := os.RemoveAll(filepath.Join(b.to, "blocks", id)); err != nil {
				return err
			}
		}
	}
	return (vfs.OS{}).SyncDir(filepath.Join(b.to, "blocks"))
}

// block copies a block. One that goes meanwhile may leave some of its files,
// for blocks to remove.
func (b *backup) block(id string) error {
	dir := filepath.Join("blocks", id)
	names, err := (vfs.OS{}).ReadDir(filepath.Join(b.from, dir))
	if err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(b.to, dir)); err != nil { // of a try before
		return err
	}
	if err := (vfs.OS{}).MkdirAll(filepath.Join(b.to, dir)); err != nil {
		return err
	}
	for _, name := range names {
		err := b.linkOrCopy(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) && block.MayGo(name) {
			continue
		}
		if err != nil {
			return err
		}
	}
	return (vfs.OS{}).SyncDir(filepath.Join(b.to, dir))
}

func (b *backup) linkOrCopy(name string) error {
	if b.link {
		err := os.Link(filepath.Join(b.from, name), filepath.Join(b.to, name))
		if err == nil {
			b.linked++
		}
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			return err
		}
		b.link = false // another filesystem, or one without links
	}
	return b.copy(name)
}

func (b *backup) copy(name string) (err error) {
	from, err := os.Open(filepath.Join(b.from, name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	const perm = 0o640 // as the store makes its files
	to, err := os.OpenFile(filepath.Join(b.to, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	n, err := io.Copy(to, from)
	if err == nil {
		err = to.Sync()
	}
	b.files, b.bytes = b.files+1, b.bytes+n
	return errors.Join(err, to.Close())
}
