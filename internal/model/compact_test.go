package model

import (
	"reflect"
	"testing"
)

func TestCompact(t *testing.T) {
	var scratch Batch
	var copies []*Batch
	for round := range byte(3) { // each reuses the memory of the one before
		scratch.Reset()
		for n := range 4 - round {
			fill(&scratch, 10*round+n)
		}
		copies = append(copies, scratch.Compact())
	}
	for round, got := range copies {
		var want Batch
		for n := range 4 - byte(round) {
			fill(&want, 10*byte(round)+n)
		}
		want.Seal()
		if got.Len() != want.Len() || got.Strings.Len() != want.Strings.Len() || !reflect.DeepEqual(got.infos, want.infos) {
			t.Fatalf("round %d: %d spans, %d strings, want %d, %d", round, got.Len(), got.Strings.Len(), want.Len(), want.Strings.Len())
		}
		for i := range want.Len() {
			if w, g := facts(want.Span(i)), facts(got.Span(i)); !reflect.DeepEqual(w, g) {
				t.Errorf("round %d, span %d is\n%v, want\n%v", round, i, g, w)
			}
		}
	}
}

func TestCompactSharesZeroColumns(t *testing.T) {
	for _, spans := range []int{0, 1, 1000, len(zeros) + 1} {
		var b Batch
		for range spans {
			b.AddSpan(0, 0)
			b.EndSpan()
		}
		c := b.Compact()
		for _, col := range [][]uint32{c.Flags, c.DroppedAttrs, c.DroppedEvents, c.DroppedLinks, c.AttrEnds, c.EventEnds, c.LinkEnds} {
			if len(col) != spans || cap(col) != spans {
				t.Fatalf("%d rows and room for %d, want %d", len(col), cap(col), spans)
			}
		}
		if spans > 0 && len(c.Marks) != spans {
			t.Fatalf("%d marks, want %d", len(c.Marks), spans)
		}
		if own := 16 + 2*8 + 2*8; spans <= len(zeros) && c.Size() > own*spans+4 {
			t.Errorf("%d empty spans take %d bytes, want the %d of their ids and times", spans, c.Size(), own*spans)
		}
		before := c.Flags
		c.Flags = append(c.Flags, 7) // takes new memory
		if spans > 0 && &before[0] == &c.Flags[0] {
			t.Error("appending to a zero column writes behind it")
		}
	}
	if zeros != [len(zeros)]uint32{} {
		t.Error("the shared zeros were written to")
	}
}
