package model

import (
	"bytes"
	"hash/maphash"
)

// Ref names an interned string of a batch. Ref 0 is always the empty string.
type Ref uint32

// Strings is a batch's table of interned strings: one arena of bytes, and an
// open-addressed index that is only needed while strings are being added.
// The zero value is ready to use.
type Strings struct {
	arena []byte
	ends  []uint32 // ends[r] is where string r ends; ends[0] = 0
	index []slot   // a power of two, at least half of them free
	seed  maphash.Seed
}

// slot is a place in the index. It keeps part of the hash, so that passing
// other strings and growing the index do not touch the strings.
type slot struct {
	hash uint32
	ref  Ref // 0 is free
}

// Intern returns the ref of p, adding a copy of it when it is new. The table
// holds at most 4 GiB, far above the largest body a receiver lets in.
func (s *Strings) Intern(p []byte) Ref {
	if len(p) == 0 {
		return 0
	}
	if 2*len(s.ends) >= len(s.index) {
		s.grow()
	}
	free, r := s.find(p)
	if r != 0 {
		return r
	}
	r = Ref(len(s.ends))
	s.arena = append(s.arena, p...)
	s.ends = append(s.ends, uint32(len(s.arena)))
	free.ref = r
	return r
}

// find returns the ref of p, or 0 and the slot to put it in, its hash set.
func (s *Strings) find(p []byte) (free *slot, r Ref) {
	hash := uint32(maphash.Bytes(s.seed, p))
	mask := uint32(len(s.index) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		at := &s.index[i]
		if at.ref == 0 {
			at.hash = hash
			return at, 0
		}
		if at.hash == hash && bytes.Equal(s.Bytes(at.ref), p) {
			return nil, at.ref
		}
	}
}

// InternString is Intern for a string.
func (s *Strings) InternString(v string) Ref {
	return s.Intern(bytesOf(v))
}

// Lookup returns the ref of v if the table holds it, without adding it. It
// searches all strings, so it is for a question or two, not for each span.
func (s *Strings) Lookup(v string) (Ref, bool) {
	for r := range s.Len() {
		if s.Get(Ref(r)) == v {
			return Ref(r), true
		}
	}
	return 0, false
}

// Get returns string r. It shares the batch's memory: clone what outlives it.
func (s *Strings) Get(r Ref) string {
	return view(s.Bytes(r))
}

// Bytes returns string r as bytes that must not be changed.
func (s *Strings) Bytes(r Ref) []byte {
	if r == 0 {
		return nil
	}
	from, to := s.ends[r-1], s.ends[r]
	return s.arena[from:to:to]
}

// Len is the number of strings, the empty one included.
func (s *Strings) Len() int { return max(len(s.ends), 1) }

// Raw exposes the arena and the end of each string in it, for encoding.
func (s *Strings) Raw() (arena []byte, ends []uint32) { return s.arena, s.ends }

// SetRaw replaces the table by one made of an arena and the end of each string
// in it, as Raw returned them. It reports false, and changes nothing, when
// they do not fit each other.
func (s *Strings) SetRaw(arena []byte, ends []uint32) bool {
	last := uint32(0)
	for i, end := range ends {
		if end < last || (i == 0 && end != 0) {
			return false
		}
		last = end
	}
	if int(last) != len(arena) {
		return false
	}
	*s = Strings{arena: arena, ends: ends}
	return true
}

// reset empties the table and keeps its memory.
func (s *Strings) reset() {
	s.arena, s.ends = s.arena[:0], s.ends[:min(1, len(s.ends))]
	clear(s.index)
}

// compact is a copy of the table without room to grow and without an index.
func (s *Strings) compact() Strings {
	return Strings{arena: exact(s.arena), ends: exact(s.ends)}
}

// Seal drops the index, which only adding needs. Adding again rebuilds it.
func (s *Strings) Seal() { s.index = nil }

// grow makes the index twice as large, or builds it when there is none.
func (s *Strings) grow() {
	if len(s.ends) == 0 {
		s.ends = append(s.ends, 0)
	}
	const smallest = 64
	size := smallest
	for size < 4*len(s.ends) {
		size *= 2
	}
	old := s.index
	s.index = make([]slot, size)
	if old == nil {
		s.seed = maphash.MakeSeed()
		for r := 1; r < len(s.ends); r++ {
			s.put(slot{uint32(maphash.Bytes(s.seed, s.Bytes(Ref(r)))), Ref(r)})
		}
	}
	for _, sl := range old {
		if sl.ref != 0 {
			s.put(sl)
		}
	}
}

// put fills a free slot of the index, which has one.
func (s *Strings) put(sl slot) {
	mask := uint32(len(s.index) - 1)
	i := sl.hash & mask
	for s.index[i].ref != 0 {
		i = (i + 1) & mask
	}
	s.index[i] = sl
}
