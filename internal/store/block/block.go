package block

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"

	"github.com/parquet-go/parquet-go"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/columns"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

// Block is a published block. Its Parquet files are opened when first asked for
// and stay open until Close.
type Block struct {
	Meta *Meta

	fs   vfs.FS
	dir  string // of the block itself
	sums map[string]fileSums

	mu    sync.Mutex
	files map[string]*openFile
	known *readTables // resources and scopes, nil until asked for
}

// openFile is a Parquet file and what it is read through. parquet is nil until
// more than the bloom filter is asked for.
type openFile struct {
	checked *checkedFile
	parquet *parquet.File
}

const (
	maxMeta = 256 << 20 // bytes of meta.json: millions of resources
	maxSums = 64 << 20  // bytes of sums: a block of a terabyte
)

// Open reads a block's meta.json and sums. Damage is a *CorruptError; a format
// that this program does not know is an error that wraps ErrNewer.
func Open(fs vfs.FS, parent, id string) (*Block, error) {
	dir := filepath.Join(parent, id)
	p, err := readWhole(fs, dir, id, sumsFile, maxSums)
	if err != nil {
		return nil, err
	}
	sums, err := decodeSums(p)
	if errors.Is(err, ErrNewer) {
		return nil, fmt.Errorf("block %s: %w", dir, err)
	}
	if err != nil {
		return nil, &CorruptError{id, sumsFile, err}
	}
	p, err = readChecked(fs, dir, id, sums[metaFile].named(metaFile), maxMeta)
	if err != nil {
		return nil, err
	}
	meta, err := parseMeta(id, p)
	if errors.Is(err, ErrNewer) {
		return nil, fmt.Errorf("block %s: %w", dir, err)
	}
	if err != nil {
		return nil, &CorruptError{id, metaFile, err}
	}
	for name, f := range sums {
		if name != openFileName { // it goes
			meta.Bytes += f.size
		}
	}
	return &Block{Meta: meta, fs: fs, dir: dir, sums: sums, files: map[string]*openFile{}}, nil
}

// named is the sums of a file that may be missing from the list: it then has no
// chunks and any content is wrong.
func (f fileSums) named(name string) fileSums {
	f.name = name
	return f
}

// Close closes the open files. The block may be used again.
func (b *Block) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var errs []error
	for _, f := range b.files {
		errs = append(errs, f.checked.file.Close())
	}
	clear(b.files)
	b.known = nil
	return errors.Join(errs...)
}

// file returns an open file of the block. mu is held.
func (b *Block) file(name string) (*openFile, error) {
	if f := b.files[name]; f != nil {
		return f, nil
	}
	checked, err := openChecked(b.fs, b.dir, b.Meta.ID, b.sums[name].named(name))
	if err != nil {
		return nil, err
	}
	f := &openFile{checked: checked}
	b.files[name] = f
	return f, nil
}

// open returns a Parquet file of the block.
func (b *Block) open(name string) (*parquet.File, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f, err := b.file(name)
	if err != nil {
		return nil, err
	}
	if f.parquet != nil {
		return f.parquet, nil
	}
	f.parquet, err = parquet.OpenFile(f.checked, f.checked.sums.size, parquet.SkipBloomFilters(true))
	return f.parquet, err
}

// mayHave reports whether the bloom filter of a file lets an id through.
func (b *Block) mayHave(name string, at columns.Filter, id model.TraceID) (bool, error) {
	b.mu.Lock()
	f, err := b.file(name)
	b.mu.Unlock()
	if err != nil {
		return false, err
	}
	maybe, err := at.Check(f.checked, id[:])
	if err != nil && !errors.Is(err, ErrCorrupt) {
		err = &CorruptError{b.Meta.ID, name, err}
	}
	return maybe, err
}

// read runs a function over the row groups of a file and turns whatever goes
// wrong, panics too, into a *CorruptError; only the context's end is itself.
func (b *Block) read(ctx context.Context, name string, each func(group parquet.RowGroup) error) error {
	err := func() (err error) {
		defer guard(&err)
		file, err := b.open(name)
		if err != nil {
			return err
		}
		for _, group := range file.RowGroups() {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := each(group); errors.Is(err, errStop) {
				return nil
			} else if err != nil {
				return err
			}
		}
		return nil
	}()
	var corrupt *CorruptError
	if err == nil || ctx.Err() != nil || errors.As(err, &corrupt) || errors.Is(err, ErrOpen) {
		return err
	}
	return &CorruptError{b.Meta.ID, name, err}
}

// Spans returns all spans of the block as new sealed batches, for merging.
func (b *Block) Spans(ctx context.Context) ([]*model.Batch, error) {
	var out []*model.Batch
	err := b.read(ctx, spansFile, func(group parquet.RowGroup) error {
		in, err := b.spans(ctx, group)
		if err != nil {
			return err
		}
		for from := int64(0); from < group.NumRows(); from += columns.PageRows {
			batch := newSpanBatch(in.tables)
			if err := in.read(ctx, rowRange{from, min(from+columns.PageRows, group.NumRows())}, batch); err != nil {
				return err
			}
			batch.Seal()
			out = append(out, batch.Batch)
		}
		return nil
	})
	return out, err
}
