package columns

import (
	"encoding/binary"
	"slices"

	"github.com/parquet-go/parquet-go/bloom"
	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/format"
)

// Strings writes a column of strings by their numbers in a table.
func (w *Writer) Strings(path []string, kind Kind, table *Strings, ids []uint32, lv Levels) {
	w.add(path, leaf{typ: format.ByteArray, kind: kind}, lv, w.strings(table, ids))
}

func (w *Writer) strings(table *Strings, ids []uint32) values {
	w.refs = slices.Grow(w.refs[:0], len(ids))[:len(ids)]
	if content, size, ok := table.dictionary(ids, w.refs); ok {
		return dictionary(w.refs, content, size)
	}
	var packer delta.LengthByteArrayEncoding
	var packed, text []byte
	var offsets []uint32
	return values{n: len(ids), encoding: format.DeltaLengthByteArray, encode: func(dst []byte, from, to int) (_ []byte, err error) {
		text, offsets = text[:0], append(offsets[:0], 0)
		for _, id := range ids[from:to] {
			text = append(text, table.Bytes(id)...)
			offsets = append(offsets, uint32(len(text)))
		}
		packed, err = packer.EncodeByteArray(packed[:0], text, offsets)
		return append(dst, packed...), err
	}}
}

// dictionary renumbers the strings of one column into refs. It is not ok when the
// dictionary would be too large or hardly shared.
func (s *Strings) dictionary(ids []uint32, refs []int32) (content []byte, size int, ok bool) {
	if len(s.local) < s.Len() {
		s.local = make([]uint32, s.Len()+s.Len()/4)
	}
	var used []uint32
	defer func() {
		for _, id := range used {
			s.local[id] = 0
		}
	}()
	for i, id := range ids {
		if s.local[id] == 0 {
			p := s.Bytes(id)
			if len(content)+4+len(p) > maxDictBytes {
				return nil, 0, false
			}
			content = append(binary.LittleEndian.AppendUint32(content, uint32(len(p))), p...)
			used = append(used, id)
			s.local[id] = uint32(len(used))
		}
		refs[i] = int32(s.local[id] - 1)
	}
	return content, len(used), 2*len(used) <= max(len(ids), 64)
}

// Bytes writes a column of binary values, one after the other in p, each ending
// where ends says.
func (w *Writer) Bytes(path []string, p []byte, ends []uint32, lv Levels) {
	var packer delta.LengthByteArrayEncoding
	var packed []byte
	var offsets []uint32
	w.add(path, leaf{typ: format.ByteArray}, lv, values{
		n: len(ends), encoding: format.DeltaLengthByteArray,
		encode: func(dst []byte, from, to int) (_ []byte, err error) {
			begin := uint32(0)
			if from > 0 {
				begin = ends[from-1]
			}
			offsets = append(offsets[:0], 0)
			end := begin
			for _, e := range ends[from:to] {
				offsets, end = append(offsets, e-begin), e
			}
			packed, err = packer.EncodeByteArray(packed[:0], p[begin:end], offsets)
			return append(dst, packed...), err
		},
	})
}

// Fixed is a column of values of one size, such as ids.
type Fixed struct {
	Path   []string
	Size   int    // bytes of each
	Values []byte // one after the other
	Levels Levels
	Raw    bool // random bytes that compression would only copy
	// Sorted says that the values are ascending and none is null: each page gets
	// bounds. Filter adds a bloom filter.
	Sorted, Filter bool
}

// Fixed writes a column of values of one size.
func (w *Writer) Fixed(f Fixed) {
	n := len(f.Values) / f.Size
	c := w.add(f.Path, leaf{typ: format.FixedLenByteArray, size: f.Size}, f.Levels, values{
		n: n, encoding: format.Plain, raw: f.Raw,
		encode: func(dst []byte, from, to int) ([]byte, error) {
			return append(dst, f.Values[from*f.Size:to*f.Size]...), nil
		},
	})
	at := func(i int) []byte { return f.Values[i*f.Size : (i+1)*f.Size] }
	if f.Sorted {
		c.bounds = bounds(n, at)
	}
	if f.Filter {
		c.filter = filter(n, at)
	}
}

// bounds are the first and the last value of each page.
func bounds(n int, at func(i int) []byte) *format.ColumnIndex {
	index := &format.ColumnIndex{BoundaryOrder: format.Ascending}
	for from := 0; from < n; from += PageRows {
		index.NullPages = append(index.NullPages, false)
		index.MinValues = append(index.MinValues, at(from))
		index.MaxValues = append(index.MaxValues, at(min(from+PageRows, n)-1))
	}
	return index
}

// filter holds every value; neighbours that are the same count once.
func filter(n int, at func(i int) []byte) bloom.SplitBlockFilter {
	var hashes []uint64
	for i := range n {
		if i == 0 || string(at(i)) != string(at(i-1)) {
			hashes = append(hashes, bloom.XXH64{}.Sum64(at(i)))
		}
	}
	f := make(bloom.SplitBlockFilter, bloom.NumSplitBlocksOf(int64(len(hashes)), bloomBits))
	f.InsertBulk(hashes)
	return f
}
