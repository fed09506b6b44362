package block

import (
	"bytes"
	"context"
	"slices"

	"github.com/parquet-go/parquet-go"

	"github.com/flowscope/flowscope/internal/model"
)

// SpanHit is a trace with a span that a condition holds for.
type SpanHit struct {
	TraceID model.TraceID
	Bits    uint64 // bit i is set when condition i holds for one of its spans
}

// SpanHits are sorted by trace id, each once.
type SpanHits []SpanHit

// Bits returns the conditions that hold for spans of a trace.
func (h SpanHits) Bits(id model.TraceID) uint64 {
	i, ok := slices.BinarySearchFunc(h, id, func(x SpanHit, id model.TraceID) int { return bytes.Compare(x.TraceID[:], id[:]) })
	if !ok {
		return 0
	}
	return h[i].Bits
}

// FindSpans returns the traces of the block with a span for which one of the
// conditions holds, at most 64. When among is not nil only its traces matter;
// others may be among the hits. It reads the columns that the conditions ask
// about, and of them the pages whose rows are not decided yet.
func (b *Block) FindSpans(ctx context.Context, conditions []model.Filter, among []model.TraceID) (hits SpanHits, cost model.Scanned, err error) {
	if b.Meta.Spans == 0 {
		return nil, cost, nil
	}
	if among != nil {
		if among, err = b.filter(among); err != nil || len(among) == 0 {
			return nil, cost, err
		}
	}
	err = b.read(ctx, spansFile, func(group parquet.RowGroup) error {
		f := b.rowFinder(ctx, group)
		found, err := f.find(conditions, among)
		hits = append(hits, found...)
		cost.Rows += f.looked
		cost.Bytes += f.bytes
		return err
	})
	return hits, cost, err
}

func (f *rowFinder) find(conditions []model.Filter, among []model.TraceID) (SpanHits, error) {
	start, err := f.begin(among)
	if err != nil {
		return nil, err
	}
	f.looked = start.count()
	matched, sets := newRowSet(f.rows), make([]rowSet, len(conditions))
	for i, condition := range conditions {
		if sets[i], err = f.eval(condition, start); err != nil {
			return nil, err
		}
		matched.or(sets[i])
	}
	var hits SpanHits
	err = f.pages(matched, []string{"trace_id"}, func(from, to int, p parquet.Page) error {
		values := p.Data()
		ids, size := values.FixedLenByteArray()
		matched.eachIn(from, to, func(row int) {
			hit := SpanHit{TraceID: model.TraceID(ids[(row-from)*size : (row-from+1)*size])}
			for i := range sets {
				if sets[i].has(row) {
					hit.Bits |= 1 << i
				}
			}
			if n := len(hits); n > 0 && hits[n-1].TraceID == hit.TraceID {
				hits[n-1].Bits |= hit.Bits
			} else {
				hits = append(hits, hit)
			}
		})
		return nil
	})
	return hits, err
}

// begin returns the rows to look at: all, or those of the pages that may hold
// one of the traces.
func (f *rowFinder) begin(among []model.TraceID) (rowSet, error) {
	if among == nil {
		return allRows(f.rows), nil
	}
	chunk, err := chunkOf(f.group, "trace_id")
	if err != nil {
		return nil, err
	}
	index, err := chunk.ColumnIndex()
	if err != nil {
		return nil, err
	}
	offsets, err := chunk.OffsetIndex()
	if err != nil {
		return nil, err
	}
	ids := slices.Clone(among)
	slices.SortFunc(ids, func(x, y model.TraceID) int { return bytes.Compare(x[:], y[:]) })
	rows := newRowSet(f.rows)
	for page := range offsets.NumPages() {
		low, high := index.MinValue(page).Bytes(), index.MaxValue(page).Bytes()
		at, _ := slices.BinarySearchFunc(ids, low, func(id model.TraceID, low []byte) int { return bytes.Compare(id[:], low) })
		if at < len(ids) && bytes.Compare(ids[at][:], high) <= 0 {
			rows.addRange(pageRows(offsets, page, f.rows))
		}
	}
	return rows, nil
}
