package block

import "math/bits"

// rowSet is a set of rows of a row group, a bit each.
type rowSet []uint64

func newRowSet(rows int) rowSet { return make(rowSet, (rows+63)/64) }

// allRows is the set of all rows.
func allRows(rows int) rowSet {
	s := newRowSet(rows)
	s.addRange(0, rows)
	return s
}

func (s rowSet) add(row int)      { s[row/64] |= 1 << (row % 64) }
func (s rowSet) has(row int) bool { return s[row/64]>>(row%64)&1 != 0 }

func (s rowSet) addRange(from, to int) {
	for ; from < to && from%64 != 0; from++ {
		s.add(from)
	}
	for ; from+64 <= to; from += 64 {
		s[from/64] = ^uint64(0)
	}
	for ; from < to; from++ {
		s.add(from)
	}
}

func (s rowSet) empty() bool { return !s.anyIn(0, 64*len(s)) }

// anyIn reports whether one of the rows [from, to) is in the set.
func (s rowSet) anyIn(from, to int) bool {
	for ; from < to && from%64 != 0; from++ {
		if s.has(from) {
			return true
		}
	}
	for ; from+64 <= to; from += 64 {
		if s[from/64] != 0 {
			return true
		}
	}
	for ; from < to; from++ {
		if s.has(from) {
			return true
		}
	}
	return false
}

// or adds the rows of another set.
func (s rowSet) or(o rowSet) {
	for i := range s {
		s[i] |= o[i]
	}
}

// and keeps the rows that are in another set, too.
func (s rowSet) and(o rowSet) {
	for i := range s {
		s[i] &= o[i]
	}
}

// without returns the rows that are not in another set.
func (s rowSet) without(o rowSet) rowSet {
	out := make(rowSet, len(s))
	for i := range s {
		out[i] = s[i] &^ o[i]
	}
	return out
}

// eachIn calls yield with the rows of the set in [from, to).
func (s rowSet) eachIn(from, to int, yield func(row int)) {
	for word := from / 64; word < (to+63)/64; word++ {
		for w := s[word]; w != 0; w &= w - 1 {
			if row := 64*word + bits.TrailingZeros64(w); row >= from && row < to {
				yield(row)
			}
		}
	}
}

// count is how many rows are in a set.
func (s rowSet) count() (n int64) {
	for _, w := range s {
		n += int64(bits.OnesCount64(w))
	}
	return n
}
