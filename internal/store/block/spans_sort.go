package block

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/flowscope/flowscope/internal/model"
)

// spanRef is a span of the batches that make a block, and the first half of its
// trace id to sort by.
type spanRef struct {
	high  uint64
	batch uint32
	row   uint32
}

// sortSpans returns all spans of the batches by trace id, then start, then place.
//
// Trace ids are random, so counting their first bits puts nearly every span
// where it belongs and leaves a few neighbours to compare; ids that are not
// random are only slower.
func sortSpans(batches []*model.Batch) []spanRef {
	n := 0
	for _, b := range batches {
		n += b.Len()
	}
	const perBucket = 16 // spans: a trace or three
	shift := 64 - min(bits.Len(uint(n/perBucket)), 24)
	ends := make([]int, 1<<(64-shift))
	eachSpan(batches, func(r spanRef) { ends[r.high>>shift]++ })
	at := 0
	for i, size := range ends {
		ends[i] = at
		at += size
	}
	refs := make([]spanRef, n)
	eachSpan(batches, func(r spanRef) {
		refs[ends[r.high>>shift]] = r
		ends[r.high>>shift]++
	})
	from := 0
	for _, to := range ends {
		slices.SortFunc(refs[from:to], func(x, y spanRef) int { return compareSpans(batches, x, y) })
		from = to
	}
	return refs
}

func eachSpan(batches []*model.Batch, yield func(spanRef)) {
	for i, b := range batches {
		for row := range b.TraceIDs {
			yield(spanRef{binary.BigEndian.Uint64(b.TraceIDs[row][:]), uint32(i), uint32(row)})
		}
	}
}

func compareSpans(batches []*model.Batch, x, y spanRef) int {
	if x.high != y.high {
		return cmp.Compare(x.high, y.high)
	}
	xb, yb := batches[x.batch], batches[y.batch]
	return cmp.Or(
		bytes.Compare(xb.TraceIDs[x.row][8:], yb.TraceIDs[y.row][8:]),
		cmp.Compare(xb.Starts[x.row], yb.Starts[y.row]),
		cmp.Compare(x.batch, y.batch), cmp.Compare(x.row, y.row),
	)
}
