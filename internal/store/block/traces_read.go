package block

import (
	"context"

	"github.com/parquet-go/parquet-go"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/columns"
)

// Trace returns the spans of a trace as a new sealed batch, nil when the block
// has none.
func (b *Block) Trace(ctx context.Context, id model.TraceID) (*model.Batch, error) {
	return b.Traces(ctx, []model.TraceID{id})
}

// Traces returns the spans of many traces as one new sealed batch, nil when the
// block has none of them.
func (b *Block) Traces(ctx context.Context, ids []model.TraceID) (*model.Batch, error) {
	if b.Meta.Spans == 0 { // a file without rows has no bloom filter either
		return nil, nil
	}
	var out *model.Batch
	batch := func() (_ *model.Batch, err error) {
		if out == nil {
			out, err = b.newBatch(ctx)
		}
		return out, err
	}
	maybe, err := b.filter(ids)
	if err != nil || len(maybe) == 0 {
		return nil, err
	}
	err = b.read(ctx, spansFile, func(group parquet.RowGroup) error {
		// A lookup decodes a page of every column; above this many, reading
		// the row group once costs less.
		const few = 64
		if len(maybe) > few {
			return b.scanTraces(ctx, group, maybe, batch)
		}
		return lookUpTraces(ctx, group, maybe, batch)
	})
	if err != nil || out == nil {
		return nil, err
	}
	out.Seal()
	return out, nil
}

// MayHave reports whether the block may have spans of a trace: always true when
// it has, false for ninety-nine in a hundred others.
func (b *Block) MayHave(id model.TraceID) (bool, error) {
	return b.mayHave(spansFile, b.Meta.SpanFilter, id)
}

// filter returns the ids that the bloom filter lets through.
func (b *Block) filter(ids []model.TraceID) ([]model.TraceID, error) {
	var out []model.TraceID
	for _, id := range ids {
		maybe, err := b.MayHave(id)
		if err != nil {
			return nil, err
		}
		if maybe {
			out = append(out, id)
		}
	}
	return out, nil
}

func lookUpTraces(ctx context.Context, group parquet.RowGroup, ids []model.TraceID, batch func() (*model.Batch, error)) error {
	for _, id := range ids {
		rows, err := findTrace(group, id)
		if err != nil {
			return err
		}
		if rows.from == rows.to {
			continue
		}
		out, err := batch()
		if err != nil {
			return err
		}
		if err := readSpans(ctx, group, rows, out); err != nil {
			return err
		}
	}
	return nil
}

// scanTraces reads the pages that hold any of the traces and copies out what
// belongs to them.
func (b *Block) scanTraces(ctx context.Context, group parquet.RowGroup, ids []model.TraceID, batch func() (*model.Batch, error)) error {
	want := make(map[model.TraceID]bool, len(ids))
	for _, id := range ids {
		want[id] = true
	}
	for from := int64(0); from < group.NumRows(); from += columns.PageRows {
		rows := rowRange{from, min(from+columns.PageRows, group.NumRows())}
		hit := false
		err := eachValue(group, rows, func(_ int, v parquet.Value) error {
			hit = hit || want[model.TraceID(v.ByteArray())]
			return nil
		}, "trace_id")
		if err != nil {
			return err
		}
		if !hit {
			continue
		}
		page, err := b.newBatch(ctx)
		if err != nil {
			return err
		}
		if err := readSpans(ctx, group, rows, page); err != nil {
			return err
		}
		out, err := batch()
		if err != nil {
			return err
		}
		copier := model.NewCopier(out)
		for i, id := range page.TraceIDs {
			if want[id] {
				copier.Copy(page.Span(i))
			}
		}
	}
	return nil
}
