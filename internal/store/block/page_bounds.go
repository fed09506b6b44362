package block

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/parquet-go/parquet-go"
)

// pageBounds are the rows of each page of a column and the least and the largest
// value in it, as the page index has them: a string's may be cut short, the
// least downward and the largest upward.
type pageBounds []struct {
	rows   rowRange
	lo, hi parquet.Value
}

func boundsOf(group parquet.RowGroup, path ...string) (pageBounds, error) {
	chunk, err := chunkOf(group, path...)
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
	n := offsets.NumPages()
	if index.NumPages() != n {
		return nil, fmt.Errorf("bounds of %d pages for %d", index.NumPages(), n)
	}
	out := make(pageBounds, n)
	for i := range out {
		end := group.NumRows()
		if i+1 < n {
			end = offsets.FirstRowIndex(i + 1)
		}
		out[i].rows = rowRange{offsets.FirstRowIndex(i), end}
		out[i].lo, out[i].hi = index.MinValue(i), index.MaxValue(i)
	}
	return out, nil
}

// where returns the rows of the pages whose bounds may have what is wanted.
func (p pageBounds) where(may func(lo, hi parquet.Value) bool) []rowRange {
	var out []rowRange
	for i := range p {
		if may(p[i].lo, p[i].hi) {
			out = append(out, p[i].rows)
		}
	}
	return joined(out)
}

// joined sorts ranges and joins those that touch or overlap.
func joined(ranges []rowRange) []rowRange {
	slices.SortFunc(ranges, func(x, y rowRange) int { return cmp.Compare(x.from, y.from) })
	out := ranges[:0]
	for _, r := range ranges {
		if n := len(out); n > 0 && r.from <= out[n-1].to {
			out[n-1].to = max(out[n-1].to, r.to)
		} else {
			out = append(out, r)
		}
	}
	return out
}

// both are the rows that are in x and in y, which are sorted.
func both(x, y []rowRange) []rowRange {
	var out []rowRange
	for len(x) > 0 && len(y) > 0 {
		if from, to := max(x[0].from, y[0].from), min(x[0].to, y[0].to); from < to {
			out = append(out, rowRange{from, to})
		}
		if x[0].to < y[0].to {
			x = x[1:]
		} else {
			y = y[1:]
		}
	}
	return out
}
