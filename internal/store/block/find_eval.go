package block

import (
	"cmp"
	"slices"
	"unsafe"

	"github.com/parquet-go/parquet-go"

	"github.com/flowscope/flowscope/internal/model"
)

// eval returns which of the rows asked about a condition holds for.
func (f *rowFinder) eval(condition model.Filter, asked rowSet) (rowSet, error) {
	switch c := condition.(type) {
	case nil:
		return asked, nil
	case model.And:
		return f.evalAnd(c, asked)
	case model.Or:
		out, left := newRowSet(f.rows), asked
		for _, part := range c {
			found, err := f.eval(part, left)
			if err != nil {
				return nil, err
			}
			out.or(found)
			left = left.without(found)
		}
		return out, nil
	case model.Not:
		found, err := f.eval(c.Filter, asked)
		if err != nil {
			return nil, err
		}
		return asked.without(found), nil
	case *model.Compare:
		if asked.empty() {
			return asked, nil
		}
		return f.compare(c, asked)
	default:
		return newRowSet(f.rows), nil
	}
}

// evalAnd asks the cheapest first: each looks only where all before it held.
func (f *rowFinder) evalAnd(list model.And, asked rowSet) (rowSet, error) {
	list = slices.Clone(list)
	slices.SortStableFunc(list, func(x, y model.Filter) int { return cmp.Compare(expense(x), expense(y)) })
	for _, part := range list {
		var err error
		if asked, err = f.eval(part, asked); err != nil {
			return nil, err
		}
	}
	return asked, nil
}

// expense is what a condition costs, by its rank: those on resources may say no
// before a page is read, numbers are small, a list of attributes is read in full.
func expense(f model.Filter) int {
	c, ok := f.(*model.Compare)
	if !ok {
		return 4
	}
	switch c.Field {
	case model.FieldKind, model.FieldStatus:
		return 1
	case model.FieldName:
		return 2
	case model.FieldAttr, model.FieldDuration, model.FieldStart:
		return 3
	default:
		return 0
	}
}

func (f *rowFinder) compare(c *model.Compare, asked rowSet) (rowSet, error) {
	name := func(names []string) func(v uint64) bool {
		return func(v uint64) bool { return v < uint64(len(names)) && c.MatchText(names[v]) }
	}
	switch c.Field {
	case model.FieldStatus:
		return f.numbers(asked, "status_code", name(model.StatusNames()))
	case model.FieldKind:
		return f.numbers(asked, "kind", name(model.KindNames()))
	case model.FieldDuration:
		return f.numbers(asked, "duration_nano", func(v uint64) bool { return c.MatchNumber(int64(v)) })
	case model.FieldStart:
		return f.numbers(asked, "start_unix_nano", func(v uint64) bool { return c.MatchNumber(int64(v)) })
	case model.FieldName:
		return f.texts(asked, []string{"name"}, c.MatchText("") /* where it is left out */, func(p []byte) bool { return c.MatchText(textOf(p)) })
	case model.FieldAttr:
		return f.attribute(c, asked)
	case model.FieldScope:
		return f.table(asked, "scope", func(b *model.Batch) int { return len(b.Scopes) }, c.MatchScope)
	default:
		return f.table(asked, "resource", func(b *model.Batch) int { return len(b.Resources) }, c.MatchResource)
	}
}

// table asks the resources or the scopes first, then which rows point at those
// that the condition holds for.
func (f *rowFinder) table(asked rowSet, column string, size func(*model.Batch) int, holds func(b *model.Batch, i uint32) bool) (rowSet, error) {
	if f.tables == nil {
		b, err := f.block.allTables(f.ctx)
		if err != nil {
			return nil, err
		}
		f.tables = b
	}
	match, some, all := make([]bool, size(f.tables)), false, true
	for i := range match {
		match[i] = holds(f.tables, uint32(i))
		some, all = some || match[i], all && match[i]
	}
	switch {
	case !some:
		return newRowSet(f.rows), nil
	case all:
		return asked, nil
	default:
		return f.numbers(asked, column, func(v uint64) bool { return match[v] })
	}
}

// numbers returns the rows whose number a condition holds for. A column that is
// not there is 0 everywhere.
func (f *rowFinder) numbers(asked rowSet, column string, holds func(v uint64) bool) (rowSet, error) {
	if asked.empty() {
		return asked, nil
	}
	if _, ok := f.group.Schema().Lookup(column); !ok {
		if holds(0) {
			return asked, nil
		}
		return newRowSet(f.rows), nil
	}
	out := newRowSet(f.rows)
	var match []bool // by place in the dictionary
	err := f.pages(asked, []string{column}, func(from, _ int, p parquet.Page) error {
		if dict := p.Dictionary(); dict != nil {
			if match == nil {
				match = matchDictionary(dict, func(v parquet.Value) bool { return holds(v.Uint64()) })
			}
			return out.addMatches(from, p, match)
		}
		at, err := numbersOf(p)
		if err != nil {
			return err
		}
		return eachEntry(from, p, func(row, i int) error {
			if holds(at(i)) {
				out.add(row)
			}
			return nil
		})
	})
	out.and(asked)
	return out, err
}

// texts returns the rows whose text a condition holds for. absent says whether it
// holds everywhere when the column is not there.
func (f *rowFinder) texts(asked rowSet, path []string, absent bool, holds func(p []byte) bool) (rowSet, error) {
	leaf, ok := f.group.Schema().Lookup(path...)
	if !ok || asked.empty() {
		if absent || ok {
			return asked, nil
		}
		return newRowSet(f.rows), nil
	}
	match, none, err := f.dictionary(leaf, holds)
	out := newRowSet(f.rows)
	if err != nil || none {
		return out, err
	}
	err = f.pages(asked, path, func(from, _ int, p parquet.Page) error {
		if match != nil {
			return out.addMatches(from, p, match)
		}
		at := bytesOf(p)
		return eachEntry(from, p, func(row, i int) error {
			if holds(at(i)) {
				out.add(row)
			}
			return nil
		})
	})
	out.and(asked)
	return out, err
}

// dictionary runs a condition once on every entry of a column's dictionary. match
// is nil when the column has none; none says that no page need be read.
func (f *rowFinder) dictionary(leaf parquet.LeafColumn, holds func(p []byte) bool) (match []bool, none bool, err error) {
	in, ok := f.group.ColumnChunks()[leaf.ColumnIndex].Pages().(*parquet.FilePages)
	if !ok {
		return nil, false, nil
	}
	dict, err := in.ReadDictionary()
	if err == nil && dict != nil {
		match = matchDictionary(dict, func(v parquet.Value) bool { return holds(v.ByteArray()) })
		none = !slices.Contains(match, true)
	}
	if closeErr := in.Close(); err == nil {
		err = closeErr
	}
	return match, none, err
}

func matchDictionary(dict parquet.Dictionary, holds func(v parquet.Value) bool) []bool {
	match := make([]bool, dict.Len())
	for i := range match {
		match[i] = holds(dict.Index(int32(i)))
	}
	return match
}

// addMatches adds the rows of a dictionary-coded page whose entry matches.
func (s rowSet) addMatches(from int, p parquet.Page, match []bool) error {
	values := p.Data()
	index := values.Int32()
	if p.DefinitionLevels() == nil {
		for i, entry := range index {
			if match[entry] {
				s.add(from + i)
			}
		}
		return nil
	}
	return eachEntry(from, p, func(row, i int) error {
		if match[index[i]] {
			s.add(row)
		}
		return nil
	})
}

// textOf is bytes as a string, without a copy: a condition is done with it before
// the bytes change.
func textOf(p []byte) string { return unsafe.String(unsafe.SliceData(p), len(p)) }
