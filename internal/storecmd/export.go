package storecmd

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store"
	"github.com/flowscope/flowscope/internal/store/block"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

// Filter selects spans. Zero fields select everything.
type Filter struct {
	From, To int64 // Unix ns: spans that start in [From, To); a zero To has no bound
	Service  string
	TraceIDs []model.TraceID
}

// Formats that Export writes.
const (
	FormatParquet  = "parquet"   // one flat table
	FormatOTLP     = "otlp"      // protobuf requests, each after its length as 4 big-endian bytes
	FormatOTLPJSON = "otlp-json" // a request a line
)

// Export writes the spans of a data directory that a filter selects, to a file,
// to a file a block in a directory that exists, or to stdout when out is "-".
// Blocks come from the oldest, then the WAL; in a block spans are sorted by
// trace.
func Export(ctx context.Context, dir, format, out string, f Filter, stdout io.Writer) (spans int64, err error) {
	s, err := store.OpenSnapshot(ctx, vfs.OS{}, dir, true)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if len(s.Damaged) > 0 {
		return 0, fmt.Errorf("%w: %w; move the block out of the directory to export the others", ErrDamaged, s.Damaged[0])
	}
	target, err := newTarget(format, out, stdout)
	if err != nil {
		return 0, err
	}
	e := &export{filter: f, target: target, wanted: map[model.TraceID]bool{}}
	for _, id := range f.TraceIDs {
		e.wanted[id] = true
	}
	err = e.run(ctx, s)
	closed := target.close(err == nil)
	return e.spans, errors.Join(err, closed)
}

type export struct {
	filter Filter
	wanted map[model.TraceID]bool
	target *target
	spans  int64
}

func (e *export) run(ctx context.Context, s *store.Snapshot) error {
	for _, b := range s.Blocks {
		if err := e.block(ctx, b); err != nil {
			return fmt.Errorf("export block %s: %w", b.Meta.ID, err)
		}
	}
	if len(s.Segments) == 0 {
		return nil
	}
	if err := e.target.begin("wal"); err != nil {
		return err
	}
	for i, g := range s.Segments {
		res, err := g.Read(func(b *model.Batch) error { return e.batch(ctx, b) })
		if err == nil && !tornEnd(res, i == len(s.Segments)-1) {
			err = res.Bad
		}
		if err != nil {
			return fmt.Errorf("export WAL segment %d: %w", g.Seq, err)
		}
	}
	return nil
}

func (e *export) block(ctx context.Context, b *block.Block) error {
	m := b.Meta
	if m.Spans == 0 || m.MaxStart < e.filter.From || (e.filter.To != 0 && m.MinStart >= e.filter.To) {
		return nil
	}
	batches, err := e.read(ctx, b)
	if err != nil || len(batches) == 0 {
		return err
	}
	if err := e.target.begin(m.ID); err != nil {
		return err
	}
	for _, batch := range batches {
		if err := e.batch(ctx, batch); err != nil {
			return err
		}
	}
	return b.Close()
}

func (e *export) read(ctx context.Context, b *block.Block) ([]*model.Batch, error) {
	if len(e.filter.TraceIDs) == 0 {
		return b.Spans(ctx)
	}
	batch, err := b.Traces(ctx, e.filter.TraceIDs)
	if batch == nil {
		return nil, err
	}
	return []*model.Batch{batch}, err
}

// batchSpans is how many spans make a request: what senders make of them.
const batchSpans = 1000

func (e *export) batch(ctx context.Context, b *model.Batch) error {
	spans := make([]model.Span, 0, min(batchSpans, b.Len()))
	for i := range b.Len() {
		if s := b.Span(i); e.selects(s) {
			spans = append(spans, s)
		}
		if len(spans) == batchSpans || (i == b.Len()-1 && len(spans) > 0) {
			if err := e.target.sink.write(spans); err != nil {
				return err
			}
			e.spans += int64(len(spans))
			spans = spans[:0]
		}
	}
	return ctx.Err()
}

func (e *export) selects(s model.Span) bool {
	f := &e.filter
	return s.Start() >= f.From && (f.To == 0 || s.Start() < f.To) &&
		(f.Service == "" || s.Resource().Service == f.Service) &&
		(len(e.wanted) == 0 || e.wanted[s.TraceID()])
}
