package model

import (
	"fmt"
	"slices"
	"testing"
)

func TestStringsIntern(t *testing.T) {
	var s Strings
	if s.Len() != 1 || s.InternString("") != 0 || s.Get(0) != "" {
		t.Fatal("ref 0 is not the empty string")
	}
	const n = 10_000 // makes the index grow several times
	refs := make([]Ref, n)
	for i := range refs {
		refs[i] = s.InternString(fmt.Sprint("string ", i))
	}
	if s.Len() != n+1 {
		t.Fatalf("%d strings, want %d", s.Len(), n+1)
	}
	for round := range 2 {
		for i, r := range refs {
			text := fmt.Sprint("string ", i)
			if s.Get(r) != text || s.InternString(text) != r {
				t.Fatalf("round %d: ref %d holds %q, want %q, found again as %d", round, r, s.Get(r), text, s.InternString(text))
			}
		}
		s.Seal() // the second round builds the index anew
	}
	if r, ok := s.Lookup("string 77"); !ok || r != refs[77] {
		t.Errorf("Lookup found %d, %v", r, ok)
	}
	if r, ok := s.Lookup("nowhere"); ok {
		t.Errorf("Lookup found %d", r)
	}
	if r, ok := s.Lookup(""); !ok || r != 0 {
		t.Errorf("Lookup of the empty string: %d, %v", r, ok)
	}
}

// TestStringsCopies holds the table to its promise: it keeps no caller's bytes.
func TestStringsCopies(t *testing.T) {
	var s Strings
	p := []byte("before")
	r := s.Intern(p)
	copy(p, "after!")
	if s.Get(r) != "before" {
		t.Errorf("the string became %q with its source", s.Get(r))
	}
	if b := s.Bytes(r); cap(b) != len(b) {
		t.Error("appending to Bytes would overwrite the next string")
	}
}

func TestStringsRaw(t *testing.T) {
	var s, copied Strings
	s.InternString("one")
	s.InternString("three")
	arena, ends := s.Raw()
	if !copied.SetRaw(slices.Clone(arena), slices.Clone(ends)) {
		t.Fatal("SetRaw refused what Raw returned")
	}
	if copied.Get(2) != "three" || copied.InternString("one") != 1 || copied.InternString("new") != 3 {
		t.Error("the copy differs")
	}
	for name, bad := range map[string][]uint32{
		"first end not 0": {3, 8},
		"descending":      {0, 8, 3, 8},
		"past the arena":  {0, 3, 9},
		"short":           {0, 3},
		"none":            nil,
	} {
		if copied.SetRaw(arena, bad) {
			t.Errorf("%s: accepted", name)
		}
		if copied.Len() != 4 {
			t.Fatalf("%s: refused, but the table changed", name)
		}
	}
}
