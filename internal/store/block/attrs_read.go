package block

import (
	"fmt"

	"github.com/parquet-go/parquet-go"

	"github.com/flowscope/flowscope/internal/model"
)

// attrColumns are the attributes of a range of rows as they were read: the
// listed ones of each row, and the promoted ones by number.
type attrColumns struct {
	orders   [][]byte
	listed   [][]model.Attr
	promoted [][]model.Attr // by number, then row; TypeEmpty where null
}

func (r *spanReader) attrs(n int) *attrColumns {
	a := &attrColumns{orders: r.binary("attr_order", n), listed: r.list(n), promoted: [][]model.Attr{nil}}
	for _, p := range promotedAttrs() {
		column := make([]model.Attr, n)
		key := r.b.Strings.InternString(p.name)
		r.column(p.name, func(i int, v parquet.Value) error {
			if v.IsNull() {
				return nil
			}
			attr := model.Attr{Key: key, Type: p.typ}
			if p.typ == model.TypeInt {
				attr.Bits = uint64(v.Int64())
			} else {
				attr.Bits = uint64(r.b.Strings.Intern(v.ByteArray()))
			}
			column[i-r.first] = attr
			return nil
		})
		a.promoted = append(a.promoted, column)
	}
	return a
}

// list reads the three columns of the list, which run in step.
func (r *spanReader) list(n int) [][]model.Attr {
	out := make([][]model.Attr, n)
	read := func(leaf string, set func(row int, v parquet.Value) error) {
		if r.err == nil {
			r.err = eachValue(r.group, r.rows, func(row int, v parquet.Value) error {
				if v.IsNull() {
					return nil
				}
				return set(row, v)
			}, "attrs", "list", "element", leaf)
		}
	}
	read("key", func(row int, v parquet.Value) error {
		out[row] = append(out[row], model.Attr{Key: r.b.Strings.Intern(v.ByteArray())})
		return nil
	})
	next := make([]int, n)
	step := func(row int) (*model.Attr, error) {
		i := next[row]
		if next[row]++; i >= len(out[row]) {
			return nil, fmt.Errorf("attribute lists of different lengths")
		}
		return &out[row][i], nil
	}
	read("type", func(row int, v parquet.Value) error {
		attr, err := step(row)
		if err == nil {
			attr.Type = model.ValueType(v.Int32())
		}
		return err
	})
	clear(next)
	read("value", func(row int, v parquet.Value) error {
		attr, err := step(row)
		if err != nil {
			return err
		}
		value, err := parseText(attr.Type, string(v.ByteArray()))
		attr.Bits = r.b.NewAttr("", value).Bits
		return err
	})
	return out
}

// append appends the attributes of a row in the order they were sent.
func (a *attrColumns) append(b *model.Batch, row int) error {
	order, listed := a.orders[row], a.listed[row]
	if len(order) == 0 {
		b.Attrs = append(b.Attrs, listed...)
		return nil
	}
	for _, n := range order {
		switch {
		case n == 0 && len(listed) > 0:
			b.Attrs = append(b.Attrs, listed[0])
			listed = listed[1:]
		case n > 0 && int(n) < len(a.promoted):
			b.Attrs = append(b.Attrs, a.promoted[n][row])
		default:
			return fmt.Errorf("attr_order names an attribute that is not there")
		}
	}
	return nil
}
