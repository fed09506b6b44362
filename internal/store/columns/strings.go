package columns

import (
	"hash/maphash"
	"unsafe"
)

// Strings numbers the strings of one file, each once, across its columns. Number
// 0 is the empty string. It belongs to one goroutine.
type Strings struct {
	arena []byte
	ends  []uint32
	index []slot // a power of two, at least half of it free
	seed  maphash.Seed
	local []uint32 // of the column being written: place in its dictionary + 1
}

// slot keeps part of the hash, so that passing other strings does not touch
// them. Number 0 is free: the empty string is not in the index.
type slot struct{ hash, id uint32 }

// NewStrings makes an empty table.
func NewStrings() *Strings {
	return &Strings{ends: []uint32{0}, index: make([]slot, 1<<10), seed: maphash.MakeSeed()}
}

// Len is the number of strings, the empty one included.
func (s *Strings) Len() int { return len(s.ends) }

// Bytes returns a string that must not be changed.
func (s *Strings) Bytes(id uint32) []byte {
	if id == 0 {
		return nil
	}
	return s.arena[s.ends[id-1]:s.ends[id]]
}

// Intern returns the number of p, whose bytes it copies when they are new.
func (s *Strings) Intern(p []byte) uint32 {
	if len(p) == 0 {
		return 0
	}
	if 2*len(s.ends) >= len(s.index) {
		s.grow()
	}
	hash := uint32(maphash.Bytes(s.seed, p))
	mask := uint32(len(s.index) - 1)
	i := hash & mask
	for ; s.index[i].id != 0; i = (i + 1) & mask {
		if at := s.index[i]; at.hash == hash && string(s.Bytes(at.id)) == string(p) {
			return at.id
		}
	}
	id := uint32(len(s.ends))
	s.index[i] = slot{hash, id}
	s.arena = append(s.arena, p...)
	s.ends = append(s.ends, uint32(len(s.arena)))
	return id
}

// InternString is Intern for a string.
func (s *Strings) InternString(v string) uint32 {
	return s.Intern(unsafe.Slice(unsafe.StringData(v), len(v)))
}

func (s *Strings) grow() {
	old := s.index
	s.index = make([]slot, 2*len(old))
	mask := uint32(len(s.index) - 1)
	for _, at := range old {
		if at.id == 0 {
			continue
		}
		i := at.hash & mask
		for s.index[i].id != 0 {
			i = (i + 1) & mask
		}
		s.index[i] = at
	}
}
