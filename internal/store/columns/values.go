package columns

import (
	"encoding/binary"
	"math/bits"
	"slices"

	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/format"
)

const (
	// maxDictBytes bounds a dictionary: a lookup of one row decodes all of it.
	maxDictBytes = 128 << 10
	// maxDictNumbers bounds a dictionary of numbers, which costs a hash each.
	maxDictNumbers = 1 << 12
)

// Numbers writes a column of integers or doubles (their bits), one for each
// value that the levels have. typ is Int32, Int64, Double or Boolean.
func (w *Writer) Numbers(path []string, typ format.Type, kind Kind, v []uint64, lv Levels) {
	w.add(path, leaf{typ: typ, kind: kind}, lv, w.numbers(typ, v))
}

func (w *Writer) numbers(typ format.Type, v []uint64) values {
	if typ == format.Boolean {
		return values{n: len(v), encoding: format.Plain, encode: func(dst []byte, from, to int) ([]byte, error) {
			return appendBits(dst, v[from:to]), nil
		}}
	}
	if d := &w.dict; d.build(v) {
		return dictionary(d.refs, appendNumbers(nil, typ, d.values), len(d.values))
	}
	if typ == format.Double {
		return values{n: len(v), encoding: format.Plain, encode: func(dst []byte, from, to int) ([]byte, error) {
			return appendNumbers(dst, typ, v[from:to]), nil
		}}
	}
	return values{n: len(v), encoding: format.DeltaBinaryPacked, encode: deltas(typ, v)}
}

// deltas encodes integers as the differences between neighbours.
func deltas(typ format.Type, v []uint64) func(dst []byte, from, to int) ([]byte, error) {
	var packer delta.BinaryPackedEncoding
	var packed []byte
	if typ == format.Int32 {
		var ints []int32
		return func(dst []byte, from, to int) (_ []byte, err error) {
			ints = ints[:0]
			for _, x := range v[from:to] {
				ints = append(ints, int32(x))
			}
			packed, err = packer.EncodeInt32(packed[:0], ints)
			return append(dst, packed...), err
		}
	}
	var ints []int64
	return func(dst []byte, from, to int) (_ []byte, err error) {
		ints = ints[:0]
		for _, x := range v[from:to] {
			ints = append(ints, int64(x))
		}
		packed, err = packer.EncodeInt64(packed[:0], ints)
		return append(dst, packed...), err
	}
}

// dictionary is the values of a column that has one: a place in it each.
func dictionary(refs []int32, content []byte, size int) values {
	if size == 0 {
		// A column of nulls only. An empty dictionary page is legal and
		// confuses readers; no values in any encoding are the same.
		return values{encoding: format.Plain, encode: func(dst []byte, _, _ int) ([]byte, error) { return dst, nil }}
	}
	var packer rle.DictionaryEncoding
	var packed []byte
	return values{
		n: len(refs), encoding: format.RLEDictionary, dictionary: content, size: size,
		encode: func(dst []byte, from, to int) (_ []byte, err error) {
			packed, err = packer.EncodeInt32(packed[:0], refs[from:to])
			return append(dst, packed...), err
		},
	}
}

// numberDict numbers distinct values. Its slices are used again for the next
// column.
type numberDict struct {
	values []uint64
	refs   []int32
	slots  []int32 // place + 1
}

// build reports false when there are too many distinct values.
func (d *numberDict) build(v []uint64) bool {
	const slots = 4 * maxDictNumbers
	if d.slots == nil {
		d.slots = make([]int32, slots)
	}
	clear(d.slots)
	d.values, d.refs = d.values[:0], slices.Grow(d.refs[:0], len(v))
	for _, x := range v {
		// Fibonacci hashing: the high bits of the product are well mixed.
		i := x * 0x9E3779B97F4A7C15 >> (64 - (bits.Len(slots) - 1))
		for d.slots[i] != 0 && d.values[d.slots[i]-1] != x {
			i = (i + 1) % slots
		}
		if d.slots[i] == 0 {
			if len(d.values) == maxDictNumbers {
				return false
			}
			d.values = append(d.values, x)
			d.slots[i] = int32(len(d.values))
		}
		d.refs = append(d.refs, d.slots[i]-1)
	}
	// A value that hardly repeats costs more in a dictionary than in place.
	return 2*len(d.values) <= max(len(v), 64)
}

func appendNumbers(dst []byte, typ format.Type, v []uint64) []byte {
	for _, x := range v {
		if typ == format.Int32 {
			dst = binary.LittleEndian.AppendUint32(dst, uint32(x))
			continue
		}
		dst = binary.LittleEndian.AppendUint64(dst, x)
	}
	return dst
}

// appendBits packs booleans, the first in the lowest bit.
func appendBits(dst []byte, v []uint64) []byte {
	for i, x := range v {
		if i%8 == 0 {
			dst = append(dst, 0)
		}
		dst[len(dst)-1] |= byte(x&1) << (i % 8)
	}
	return dst
}
