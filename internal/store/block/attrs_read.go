package block

import (
	"errors"
	"fmt"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/flowscope/flowscope/internal/model"
)

// readAttrs are the attributes of a range of rows as they were read: the shape
// of each row, those with a column by its number, and the listed ones.
type readAttrs struct {
	shapes  [][]byte
	columns [][]model.Attr // by number, then row; TypeEmpty where null
	listed  [][]model.Attr
}

func (r *spanReader) attrs(n int) *readAttrs {
	a := &readAttrs{shapes: r.binary("attr_shape", n), listed: r.list(n), columns: [][]model.Attr{nil}}
	used := make([]bool, 256)
	for _, shape := range a.shapes {
		for _, number := range shape {
			used[number] = true
		}
	}
	for i, place := range r.attrColumns() {
		var column []model.Attr
		if i+1 < len(used) && used[i+1] {
			column = r.attrColumn(r.chunks[place], r.names[place][0], n)
		}
		a.columns = append(a.columns, column)
	}
	return a
}

// attrColumn reads an attribute's own column.
func (r *spanReader) attrColumn(chunk parquet.ColumnChunk, name string, n int) []model.Attr {
	out := make([]model.Attr, n)
	key := r.b.Strings.InternString(strings.TrimPrefix(name, attrPrefix))
	typ := valueType(chunk.Type().Kind())
	if r.err != nil {
		return out
	}
	set := func(row int, bits uint64) { out[row] = model.Attr{Key: key, Type: typ, Bits: bits} }
	if typ == model.TypeString {
		r.err = readTexts(chunk, r.rows, r.b.Batch, func(row int, ref model.Ref) error { set(row, uint64(ref)); return nil })
	} else {
		r.err = readNumbers(chunk, r.rows, func(row int, bits uint64) error { set(row, bits); return nil })
	}
	return out
}

// valueType is the type of the attributes in a column.
func valueType(k parquet.Kind) model.ValueType {
	switch k {
	case parquet.Boolean:
		return model.TypeBool
	case parquet.Double:
		return model.TypeDouble
	case parquet.Int64:
		return model.TypeInt
	default:
		return model.TypeString
	}
}

var errLists = errors.New("attribute lists of different lengths")

// list reads the three columns of the list, which run in step.
func (r *spanReader) list(n int) [][]model.Attr {
	out := make([][]model.Attr, n)
	leaf := func(name string, read func(parquet.ColumnChunk) error) {
		for i, path := range r.names {
			if r.err == nil && len(path) == 4 && path[0] == "attrs" && path[3] == name {
				r.err = read(r.chunks[i])
			}
		}
	}
	leaf("key", func(c parquet.ColumnChunk) error {
		return readTexts(c, r.rows, r.b.Batch, func(row int, ref model.Ref) error {
			out[row] = append(out[row], model.Attr{Key: ref})
			return nil
		})
	})
	next := make([]int, n)
	step := func(row int) (*model.Attr, error) {
		i := next[row]
		if next[row]++; i >= len(out[row]) {
			return nil, errLists
		}
		return &out[row][i], nil
	}
	leaf("type", func(c parquet.ColumnChunk) error {
		return readNumbers(c, r.rows, func(row int, v uint64) error {
			attr, err := step(row)
			if err == nil {
				attr.Type = model.ValueType(v)
			}
			return err
		})
	})
	clear(next)
	leaf("value", func(c parquet.ColumnChunk) error {
		return readBytes(c, r.rows, func(row int, p []byte) error {
			attr, err := step(row)
			if err != nil {
				return err
			}
			value, err := parseText(attr.Type, string(p))
			attr.Bits = r.b.NewAttr("", value).Bits
			return err
		})
	})
	return out
}

// append appends the attributes of a row in the order they were sent.
func (a *readAttrs) append(b *model.Batch, row int) error {
	shape, listed := a.shapes[row], a.listed[row]
	if len(shape) == 0 {
		b.Attrs = append(b.Attrs, listed...)
		return nil
	}
	for _, n := range shape {
		switch {
		case n == 0 && len(listed) > 0:
			b.Attrs = append(b.Attrs, listed[0])
			listed = listed[1:]
		case n > 0 && int(n) < len(a.columns) && a.columns[n][row].Key != 0:
			b.Attrs = append(b.Attrs, a.columns[n][row])
		default:
			return fmt.Errorf("attr_shape names an attribute that is not there")
		}
	}
	return nil
}
