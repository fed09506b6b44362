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
	maybe, err := b.filter(ids)
	if err != nil || len(maybe) == 0 {
		return nil, err
	}
	var out *model.Batch
	err = b.read(ctx, spansFile, func(group parquet.RowGroup) (err error) {
		// A lookup decodes a page of every column; above this many, reading
		// the row group once costs less.
		const few = 64
		if len(maybe) > few {
			out, err = b.scanTraces(ctx, group, maybe)
		} else {
			out, err = b.lookUpTraces(ctx, group, maybe)
		}
		return err
	})
	if err != nil || out == nil || out.Len() == 0 {
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

// lookUpTraces reads the rows of each trace, nil when there are none.
func (b *Block) lookUpTraces(ctx context.Context, group parquet.RowGroup, ids []model.TraceID) (*model.Batch, error) {
	var ranges []rowRange
	for _, id := range ids {
		rows, err := findTrace(group, id)
		if err != nil {
			return nil, err
		}
		if rows.from < rows.to {
			ranges = append(ranges, rows)
		}
	}
	if len(ranges) == 0 {
		return nil, nil
	}
	in, err := b.spans(ctx, group)
	if err != nil {
		return nil, err
	}
	out := newSpanBatch(in.tables)
	for _, rows := range ranges {
		if err := in.read(ctx, rows, out); err != nil {
			return nil, err
		}
	}
	return out.Batch, nil
}

// scanTraces reads the pages that hold any of the traces and copies out what
// belongs to them.
func (b *Block) scanTraces(ctx context.Context, group parquet.RowGroup, ids []model.TraceID) (*model.Batch, error) {
	want := make(map[model.TraceID]bool, len(ids))
	for _, id := range ids {
		want[id] = true
	}
	in, err := b.spans(ctx, group)
	if err != nil {
		return nil, err
	}
	out := &model.Batch{}
	for from := int64(0); from < group.NumRows(); from += columns.PageRows {
		rows := rowRange{from, min(from+columns.PageRows, group.NumRows())}
		hit, err := holdsTrace(group, rows, want)
		if err != nil {
			return nil, err
		}
		if !hit {
			continue
		}
		page := newSpanBatch(in.tables)
		if err := in.read(ctx, rows, page); err != nil {
			return nil, err
		}
		copier := model.NewCopier(out)
		for i, id := range page.TraceIDs {
			if want[id] {
				copier.Copy(page.Span(i))
			}
		}
	}
	return out, nil
}

// holdsTrace reports whether one of the rows is of a wanted trace.
func holdsTrace(group parquet.RowGroup, rows rowRange, want map[model.TraceID]bool) (hit bool, err error) {
	chunk, err := chunkOf(group, "trace_id")
	if err != nil {
		return false, err
	}
	err = readFixed(chunk, rows, func(_ int, p []byte) error {
		if want[model.TraceID(p)] {
			hit = true
			return errStop
		}
		return nil
	})
	return hit, stopped(err)
}
