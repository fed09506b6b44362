package block

import (
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
)

// errLeaf says that a file has not the columns of its kind.
var errLeaf = errors.New("column missing")

// errStop ends a scan that has what it came for. It never leaves the package.
var errStop = errors.New("stop")

// chunkOf returns a leaf column of a row group.
func chunkOf(group parquet.RowGroup, path ...string) (parquet.ColumnChunk, error) {
	leaf, ok := group.Schema().Lookup(path...)
	if !ok {
		return nil, fmt.Errorf("%w: %q", errLeaf, path)
	}
	return group.ColumnChunks()[leaf.ColumnIndex], nil
}

// rowRange is rows [from, to) of a row group.
type rowRange struct{ from, to int64 }

// eachPage calls yield with the pages of a column that hold a range of rows, cut
// to it, and with the first row of each counted from the range's start. A page
// is valid during the call.
func eachPage(chunk parquet.ColumnChunk, rows rowRange, yield func(row int, p parquet.Page) error) (err error) {
	in := chunk.Pages()
	defer func() { err = errors.Join(err, in.Close()) }()
	if rows.from == rows.to {
		return nil
	}
	if err := in.SeekToRow(rows.from); err != nil {
		return err
	}
	for at := rows.from; at < rows.to; {
		p, err := in.ReadPage()
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		n := p.NumRows()
		cut := p
		if at+n > rows.to {
			cut = p.Slice(0, rows.to-at)
		}
		err = yield(int(at-rows.from), cut)
		parquet.Release(p)
		if err != nil {
			return err
		}
		at += n
	}
	return nil
}

// eachEntry calls yield with the row of each value of a page and its place among
// them. Nulls and empty lists have none.
func eachEntry(row int, p parquet.Page, yield func(row, value int) error) error {
	def, rep := p.DefinitionLevels(), p.RepetitionLevels()
	if def == nil {
		for i := range int(p.NumValues()) {
			if err := yield(row+i, i); err != nil {
				return err
			}
		}
		return nil
	}
	value := 0
	row--
	for i, d := range def {
		if rep == nil || rep[i] == 0 {
			row++
		}
		if d == 0 {
			continue
		}
		if err := yield(row, value); err != nil {
			return err
		}
		value++
	}
	return nil
}

// stopped is nil for errStop.
func stopped(err error) error {
	if errors.Is(err, errStop) {
		return nil
	}
	return err
}
