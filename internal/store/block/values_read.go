package block

import (
	"fmt"
	"math"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"

	"github.com/flowscope/flowscope/internal/model"
)

// readFixed calls set with the rows and bytes of a column of ids.
func readFixed(chunk parquet.ColumnChunk, rows rowRange, set func(row int, p []byte) error) error {
	return eachPage(chunk, rows, func(row int, p parquet.Page) error {
		values := p.Data()
		data, size := values.FixedLenByteArray()
		return eachEntry(row, p, func(row, i int) error { return set(row, data[i*size:(i+1)*size]) })
	})
}

// readBytes calls set with the rows and content of a column of strings. What it
// gets is valid during the call.
func readBytes(chunk parquet.ColumnChunk, rows rowRange, set func(row int, p []byte) error) error {
	return eachPage(chunk, rows, func(row int, p parquet.Page) error {
		at := bytesOf(p)
		return eachEntry(row, p, func(row, i int) error { return set(row, at(i)) })
	})
}

// bytesOf gives access to the strings of a page.
func bytesOf(p parquet.Page) func(i int) []byte {
	values := p.Data()
	if dict := p.Dictionary(); dict != nil {
		index := values.Int32()
		return func(i int) []byte { return dict.Index(index[i]).ByteArray() }
	}
	data, offsets := values.ByteArray()
	return func(i int) []byte { return data[offsets[i]:offsets[i+1]] }
}

// readTexts calls set with the rows and strings of a column, interned in a
// batch: of a dictionary each entry that is used once.
func readTexts(chunk parquet.ColumnChunk, rows rowRange, b *model.Batch, set func(row int, r model.Ref) error) error {
	var known []model.Ref // by place in the dictionary
	return eachPage(chunk, rows, func(row int, p parquet.Page) error {
		dict, values := p.Dictionary(), p.Data()
		if dict == nil {
			data, offsets := values.ByteArray()
			return eachEntry(row, p, func(row, i int) error { return set(row, b.Strings.Intern(data[offsets[i]:offsets[i+1]])) })
		}
		if known == nil {
			known = make([]model.Ref, dict.Len())
		}
		index := values.Int32()
		return eachEntry(row, p, func(row, i int) error {
			r := known[index[i]]
			if r == 0 {
				r = b.Strings.Intern(dict.Index(index[i]).ByteArray())
				known[index[i]] = r
			}
			return set(row, r)
		})
	})
}

// readNumbers calls set with the rows and bits of a column of numbers.
func readNumbers(chunk parquet.ColumnChunk, rows rowRange, set func(row int, bits uint64) error) error {
	return eachPage(chunk, rows, func(row int, p parquet.Page) error {
		at, err := numbersOf(p)
		if err != nil {
			return err
		}
		return eachEntry(row, p, func(row, i int) error { return set(row, at(i)) })
	})
}

// numbersOf gives access to the numbers of a page.
func numbersOf(p parquet.Page) (func(i int) uint64, error) {
	values := p.Data()
	if dict := p.Dictionary(); dict != nil {
		index := values.Int32()
		return func(i int) uint64 { return dict.Index(index[i]).Uint64() }, nil
	}
	switch values.Kind() {
	case encoding.Int32:
		v := values.Int32()
		return func(i int) uint64 { return uint64(int64(v[i])) }, nil
	case encoding.Int64:
		v := values.Int64()
		return func(i int) uint64 { return uint64(v[i]) }, nil
	case encoding.Double:
		v := values.Double()
		return func(i int) uint64 { return math.Float64bits(v[i]) }, nil
	case encoding.Boolean:
		return booleansOf(p)
	default:
		return nil, fmt.Errorf("numbers of kind %s", values.Kind())
	}
}

// booleansOf goes through the library's values: a page that was cut need not
// begin at a byte.
func booleansOf(p parquet.Page) (func(i int) uint64, error) {
	all := make([]parquet.Value, p.NumValues())
	n, _ := p.Values().ReadValues(all)
	var out []uint64
	for _, v := range all[:n] {
		switch {
		case v.IsNull():
		case v.Boolean():
			out = append(out, 1)
		default:
			out = append(out, 0)
		}
	}
	return func(i int) uint64 { return out[i] }, nil
}
