package block

import (
	"context"

	"github.com/parquet-go/parquet-go"

	"github.com/flowscope/flowscope/internal/model"
)

// rowFinder finds rows of one row group, of spans or of flows. It belongs to one
// goroutine.
type rowFinder struct {
	ctx   context.Context //nolint:containedctx // ends with one call of FindSpans, FindFlows or FlowRows
	block *Block
	group parquet.RowGroup
	rows  int

	tables *model.Batch // resources and scopes; nil until asked for
	looked int64        // rows that conditions were run on
	bytes  int64        // compressed, of the pages read
}

func (b *Block) rowFinder(ctx context.Context, group parquet.RowGroup) *rowFinder {
	return &rowFinder{ctx: ctx, block: b, group: group, rows: int(group.NumRows())}
}

// pageRows are the rows [from, to) of a page.
func pageRows(offsets parquet.OffsetIndex, page, rows int) (from, to int) {
	if page+1 < offsets.NumPages() {
		rows = int(offsets.FirstRowIndex(page + 1))
	}
	return int(offsets.FirstRowIndex(page)), rows
}

// pages calls yield with the pages of a column that have one of the rows, and
// with the rows [from, to) they hold. A page is valid during the call. A column
// that is not there has no pages.
func (f *rowFinder) pages(wanted rowSet, path []string, yield func(from, to int, p parquet.Page) error) error {
	leaf, ok := f.group.Schema().Lookup(path...)
	if !ok || wanted.empty() {
		return nil
	}
	chunk := f.group.ColumnChunks()[leaf.ColumnIndex]
	offsets, err := chunk.OffsetIndex()
	if err != nil {
		return err
	}
	in := chunk.Pages()
	err = f.eachWanted(wanted, in, offsets, yield)
	if closeErr := in.Close(); err == nil {
		err = closeErr
	}
	return err
}

func (f *rowFinder) eachWanted(wanted rowSet, in parquet.Pages, offsets parquet.OffsetIndex, yield func(from, to int, p parquet.Page) error) error {
	next := 0
	for page := range offsets.NumPages() {
		from, to := pageRows(offsets, page, f.rows)
		if !wanted.anyIn(from, to) {
			continue
		}
		if err := f.ctx.Err(); err != nil {
			return err
		}
		if next != page {
			if err := in.SeekToRow(int64(from)); err != nil {
				return err
			}
		}
		next = page + 1
		p, err := in.ReadPage()
		if err != nil {
			return err
		}
		f.bytes += offsets.CompressedPageSize(page)
		err = yield(from, to, p)
		parquet.Release(p)
		if err != nil {
			return err
		}
	}
	return nil
}
