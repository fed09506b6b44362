package block

import (
	"bytes"
	"math"

	"github.com/parquet-go/parquet-go"

	"github.com/flowscope/flowscope/internal/model"
)

// attribute returns the rows whose first attribute of the key a comparison holds
// for: that of the key's own column, or that of the list when there is none, or
// when both have the key and attr_shape says that the list's was sent first.
func (f *rowFinder) attribute(c *model.Compare, asked rowSet) (rowSet, error) {
	column, hasColumn := f.group.Schema().Lookup(attrPrefix + c.Key)
	listed, err := f.listedAttrs(c, asked)
	if err != nil || !hasColumn {
		return listed.match, err
	}
	out, has, err := f.attrColumn(c, column, asked, listed.rows)
	if err != nil {
		return nil, err
	}
	both := has
	both.and(listed.rows)
	if !both.empty() {
		first, err := f.listedFirst(column, listed, both)
		if err != nil {
			return nil, err
		}
		out = out.without(first)
		first.and(listed.match)
		out.or(first)
	}
	out.or(listed.match.without(both))
	return out, nil
}

// attrColumn returns the rows of an attribute's own column that a comparison
// holds for, and which of the rows in doubt have a value there.
func (f *rowFinder) attrColumn(c *model.Compare, leaf parquet.LeafColumn, asked, doubt rowSet) (out, has rowSet, err error) {
	path, has := leaf.Path, newRowSet(f.rows)
	typ := valueType(f.group.ColumnChunks()[leaf.ColumnIndex].Type().Kind())
	if typ == model.TypeString {
		out, err = f.texts(asked, path, false, func(p []byte) bool { return c.MatchText(textOf(p)) })
	} else {
		out, err = f.numbers(asked, path[0], func(bits uint64) bool { return c.MatchValue(model.Value{Type: typ, Bits: bits}) })
	}
	if err != nil {
		return nil, nil, err
	}
	err = f.pages(doubt, path, func(from, _ int, p parquet.Page) error {
		return eachEntry(from, p, func(row, _ int) error { has.add(row); return nil })
	})
	return out, has, err
}

// listedAttrs are the attributes of one key that are in lists.
type listedAttrs struct {
	rows  rowSet      // that have one
	match rowSet      // for whose first one the comparison holds
	place map[int]int // of it in the row's list, for each of rows
}

// listEntry is a value in the columns of lists.
type listEntry struct {
	row, at int // at counts the values of the row's page
	typ     model.ValueType
}

// listedAttrs looks the key up in the dictionary of the keys, then at the types
// and values beside it.
func (f *rowFinder) listedAttrs(c *model.Compare, asked rowSet) (listedAttrs, error) {
	out := listedAttrs{rows: newRowSet(f.rows), match: newRowSet(f.rows), place: map[int]int{}}
	at := func(leaf string) []string { return []string{"attrs", "list", "element", leaf} }
	leaf, ok := f.group.Schema().Lookup(at("key")...)
	if !ok {
		return out, nil
	}
	isKey := func(p []byte) bool { return textOf(p) == c.Key }
	match, none, err := f.dictionary(leaf, isKey)
	if err != nil || none {
		return out, err
	}
	var entries []listEntry
	err = f.pages(asked, at("key"), func(from, _ int, p parquet.Page) error {
		here := keyTest(p, match, isKey)
		row, place := -1, 0
		return eachEntry(from, p, func(r, i int) error {
			if r != row {
				row, place = r, 0
			}
			if here(i) && !out.rows.has(r) && asked.has(r) {
				out.rows.add(r)
				out.place[r] = place
				entries = append(entries, listEntry{row: r, at: i})
			}
			place++
			return nil
		})
	})
	if err != nil {
		return out, err
	}
	next := 0
	err = f.pages(out.rows, at("type"), func(_, to int, p parquet.Page) error {
		types, err := numbersOf(p)
		for ; err == nil && next < len(entries) && entries[next].row < to; next++ {
			entries[next].typ = model.ValueType(types(entries[next].at))
		}
		return err
	})
	if err != nil {
		return out, err
	}
	next = 0
	return out, f.pages(out.rows, at("value"), func(_, to int, p parquet.Page) error {
		texts := bytesOf(p)
		for ; next < len(entries) && entries[next].row < to; next++ {
			e := entries[next]
			v, err := parseText(e.typ, textOf(texts(e.at)))
			if err != nil {
				return err
			}
			if c.MatchValue(v) {
				out.match.add(e.row)
			}
		}
		return nil
	})
}

// keyTest tells whether value i of a page of keys is the one looked for.
func keyTest(p parquet.Page, match []bool, isKey func([]byte) bool) func(i int) bool {
	if match == nil {
		at := bytesOf(p)
		return func(i int) bool { return isKey(at(i)) }
	}
	values := p.Data()
	index := values.Int32()
	return func(i int) bool { return match[index[i]] }
}

// listedFirst returns the rows whose listed attribute was sent before the one in
// the column of the same key.
func (f *rowFinder) listedFirst(column parquet.LeafColumn, listed listedAttrs, rows rowSet) (rowSet, error) {
	number, out := f.attrNumber(column), newRowSet(f.rows)
	err := f.pages(rows, []string{"attr_shape"}, func(from, to int, p parquet.Page) error {
		at := bytesOf(p)
		rows.eachIn(from, to, func(row int) {
			shape := at(row - from)
			columnAt := bytes.IndexByte(shape, number)
			if columnAt < 0 {
				columnAt = math.MaxInt
			}
			listedAt := 0
			for zeros := -1; listedAt < len(shape); listedAt++ {
				if shape[listedAt] == 0 {
					zeros++
				}
				if zeros == listed.place[row] {
					break
				}
			}
			if listedAt < columnAt {
				out.add(row)
			}
		})
		return nil
	})
	return out, err
}

// attrNumber is a column's number in attr_shape.
func (f *rowFinder) attrNumber(column parquet.LeafColumn) byte {
	s := spanSource{names: f.group.Schema().Columns()}
	for i, place := range s.attrColumns() {
		if place == column.ColumnIndex {
			return byte(i + 1)
		}
	}
	return 0
}
