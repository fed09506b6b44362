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

// eachValue calls yield with every value of a column in a range of rows, and
// with its row counted from the range's start. A value is valid during the call.
func eachValue(group parquet.RowGroup, rows rowRange, yield func(row int, v parquet.Value) error, path ...string) (err error) {
	chunk, err := chunkOf(group, path...)
	if err != nil {
		return err
	}
	in := parquet.NewColumnChunkValueReader(chunk)
	defer func() { err = errors.Join(err, in.Close()) }()
	if err := in.SeekToRow(rows.from); err != nil {
		return err
	}
	var buf [128]parquet.Value // a few KB of stack, larger gains nothing
	n := int(rows.to - rows.from)
	for row := -1; row < n; {
		got, err := in.ReadValues(buf[:])
		for _, v := range buf[:got] {
			if v.RepetitionLevel() == 0 {
				row++
			}
			if row >= n {
				return nil
			}
			if err := yield(row, v); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) && row == n-1 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}
