package model

import (
	"bytes"
	"hash/maphash"
	"unsafe"
)

// Ref names an interned string of a batch. Ref 0 is always the empty string.
type Ref uint32

// Strings is a batch's table of interned strings: one arena of bytes, and an
// open-addressed index that is only needed while strings are being added.
// The zero value is ready to use.
type Strings struct {
	arena []byte
	ends  []uint32 // ends[r] is where string r ends; ends[0] = 0
	index []Ref    // power of two slots, 0 is free
	seed  maphash.Seed
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
	mask := uint64(len(s.index) - 1)
	slot := maphash.Bytes(s.seed, p) & mask
	for s.index[slot] != 0 {
		if r := s.index[slot]; bytes.Equal(s.Bytes(r), p) {
			return r
		}
		slot = (slot + 1) & mask
	}
	r := Ref(len(s.ends))
	s.arena = append(s.arena, p...)
	s.ends = append(s.ends, uint32(len(s.arena)))
	s.index[slot] = r
	return r
}

// InternString is Intern for a string.
func (s *Strings) InternString(v string) Ref {
	return s.Intern(unsafe.Slice(unsafe.StringData(v), len(v)))
}

// Lookup returns the ref of v if the table holds it, without adding it. On a
// table with no index it searches all strings.
func (s *Strings) Lookup(v string) (Ref, bool) {
	if v == "" {
		return 0, true
	}
	for r := 1; r < len(s.ends); r++ {
		if s.Get(Ref(r)) == v {
			return Ref(r), true
		}
	}
	return 0, false
}

// Get returns string r. It shares the batch's memory: clone what outlives it.
func (s *Strings) Get(r Ref) string {
	p := s.Bytes(r)
	return unsafe.String(unsafe.SliceData(p), len(p))
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

// Seal drops the index, which only adding needs. Adding again rebuilds it.
func (s *Strings) Seal() { s.index = nil }

// grow doubles the index, or builds it when there is none.
func (s *Strings) grow() {
	if s.index == nil {
		s.seed = maphash.MakeSeed()
	}
	if len(s.ends) == 0 {
		s.ends = append(s.ends, 0)
	}
	const smallest = 64
	size := smallest
	for size < 4*len(s.ends) {
		size *= 2
	}
	s.index = make([]Ref, size)
	mask := uint64(size - 1)
	for r := 1; r < len(s.ends); r++ {
		slot := maphash.Bytes(s.seed, s.Bytes(Ref(r))) & mask
		for s.index[slot] != 0 {
			slot = (slot + 1) & mask
		}
		s.index[slot] = Ref(r)
	}
}
