package storecmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store"
	"github.com/flowscope/flowscope/internal/store/block"
	"github.com/flowscope/flowscope/internal/store/vfs"
	"github.com/flowscope/flowscope/internal/store/wal"
)

func blocksIn(dir string) string { return filepath.Join(dir, "blocks") }

// ErrDamaged says that Verify found damage.
var ErrDamaged = errors.New("the store is damaged")

// Verify reads every byte of a data directory, decodes every row, and compares
// counts with what meta.json says. It prints each damage on a line, and returns
// ErrDamaged when there was any. A block that the server removes meanwhile is
// left out: what is in it now is in another.
func Verify(ctx context.Context, dir string, out io.Writer) (err error) {
	s, err := store.OpenSnapshot(ctx, vfs.OS{}, dir, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	damaged := 0
	found := func(err error) {
		damaged++
		_, _ = fmt.Fprintf(out, "damaged: %v\n", err) // the count below says as much
	}
	for _, err := range s.Damaged {
		found(err)
	}
	blocks, spans := 0, int64(0)
	for _, b := range s.Blocks {
		errs := verifyBlock(ctx, b)
		if err := ctx.Err(); err != nil {
			return err
		}
		if removed(dir, b.Meta.ID) {
			continue
		}
		for _, err := range errs {
			found(err)
		}
		if len(errs) == 0 {
			blocks, spans = blocks+1, spans+b.Meta.Spans
		}
		if err := b.Close(); err != nil {
			return err
		}
	}
	inWAL, err := verifyWAL(ctx, s.Segments, found, out)
	if err != nil {
		return err
	}
	if err := keptAside(dir, found); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d blocks with %d spans and %d WAL segments with %d spans read, %d damaged\n",
		blocks, spans, len(s.Segments), inWAL, damaged)
	if err == nil && damaged > 0 {
		err = ErrDamaged
	}
	return err
}

// keptAside finds what starts before this one could not read of the log and kept
// beside it: what was acknowledged in it is in no answer.
func keptAside(dir string, found func(error)) error {
	names, err := filepath.Glob(filepath.Join(dir, "wal", "*.corrupt"))
	if err != nil {
		return err
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		found(fmt.Errorf("%s: %d bytes of the log that a start could not read and kept aside", name, info.Size()))
	}
	return nil
}

// verifyBlock returns all that is wrong with a block. Rows are only decoded when
// the bytes are right.
func verifyBlock(ctx context.Context, b *block.Block) []error {
	if errs := b.VerifyFiles(); len(errs) > 0 {
		return errs
	}
	m := b.Meta
	spans := int64(0)
	batches, err := b.Spans(ctx)
	for _, batch := range batches {
		spans += int64(batch.Len())
	}
	errs := []error{err}
	flows, err := b.Flows(ctx)
	errs = append(errs, err)
	errs = append(errs, b.MergeRollups(ctx, map[model.RollupKey]*model.Rollup{}))
	var wrong []error
	for _, err := range errs {
		if err != nil {
			wrong = append(wrong, err)
		}
	}
	if len(wrong) > 0 {
		return wrong
	}
	count := func(file string, got, want int64) {
		if got != want {
			wrong = append(wrong, &block.CorruptError{Block: m.ID, File: file, Err: fmt.Errorf("%d rows, meta.json says %d", got, want)})
		}
	}
	count("spans.parquet", spans, m.Spans)
	count("flows.parquet", int64(len(flows)), m.Flows)
	return wrong
}

// tornEnd reports whether what is wrong with a segment is how a crash leaves it, as
// the server sees it when it starts: then nothing of it was acknowledged.
func tornEnd(res wal.Result, last bool) bool { return res.Torn && (last || res.Empty) }

// verifyWAL reads segments. An unfinished record at the end of the last is no
// damage: it was never acknowledged.
func verifyWAL(ctx context.Context, segments []*store.Segment, found func(error), out io.Writer) (spans int64, err error) {
	for i, g := range segments {
		res, err := g.Read(func(b *model.Batch) error {
			spans += int64(b.Len())
			return ctx.Err()
		})
		if err != nil {
			return spans, err
		}
		switch {
		case res.Bad == nil:
		case tornEnd(res, i == len(segments)-1):
			_, err = fmt.Fprintf(out, "WAL segment %d ends in %d bytes that were never acknowledged; the next start cuts them off\n", g.Seq, res.Size-res.Good)
		default:
			found(fmt.Errorf("WAL segment %d: %w", g.Seq, res.Bad))
		}
		if err != nil {
			return spans, err
		}
	}
	return spans, nil
}
