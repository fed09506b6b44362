package model

import (
	"reflect"
	"testing"
)

func TestCopier(t *testing.T) {
	var one, two, dst Batch
	for n := range byte(3) {
		fill(&one, n)
		fill(&two, 10+n)
	}
	// Two more spans of resource and scope 0.
	for range 2 {
		one.AddSpan(0, 0)
		one.EndSpan()
	}
	one.Seal()
	two.Seal()
	dst.Strings.InternString("something else first")

	c := NewCopier(&dst)
	sources := []Span{two.Span(2), one.Span(0), one.Span(3), two.Span(0), one.Span(4), one.Span(1), two.Span(2)}
	for _, s := range sources {
		c.Copy(s)
	}
	dst.Seal()

	if dst.Len() != len(sources) {
		t.Fatalf("%d spans, want %d", dst.Len(), len(sources))
	}
	for i, s := range sources {
		if w, g := facts(s), facts(dst.Span(i)); !reflect.DeepEqual(w, g) {
			t.Errorf("span %d is\n%v, want\n%v", i, g, w)
		}
	}
	if len(dst.Resources) != 4 || len(dst.Scopes) != 4 {
		t.Errorf("%d resources and %d scopes, want 4 of each", len(dst.Resources), len(dst.Scopes))
	}
}
