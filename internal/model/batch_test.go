package model

import (
	"reflect"
	"testing"
)

// fill gives a batch a span with some of everything, all of it different for
// different n.
func fill(b *Batch, n byte) {
	side := func(key string) Range {
		b.SideAttrs = append(b.SideAttrs, b.NewAttr(key, Value{Type: TypeInt, Bits: uint64(n)}))
		return Range{uint32(len(b.SideAttrs) - 1), 1}
	}
	text := func(s string) Ref { return b.Strings.InternString(s + string('a'+rune(n))) }
	b.Resources = append(b.Resources, Resource{Attrs: side("resource"), SchemaURL: text("rs"), DroppedAttrs: uint32(n)})
	b.Scopes = append(b.Scopes, Scope{Name: text("scope"), Version: text("v"), Attrs: side("scope"), SchemaURL: text("ss"), DroppedAttrs: uint32(n)})
	i := b.AddSpan(uint32(len(b.Resources)-1), uint32(len(b.Scopes)-1))
	b.TraceIDs[i], b.SpanIDs[i], b.ParentIDs[i] = TraceID{n}, SpanID{n}, SpanID{n + 1}
	b.Starts[i], b.Ends[i] = int64(n), 2*int64(n)
	b.Names[i], b.StatusMessages[i], b.TraceStates[i] = text("name"), text("message"), text("state")
	b.Kinds[i], b.StatusCodes[i], b.Marks[i], b.Flags[i] = KindClient, StatusError, MarkNoEnd, uint32(n)
	b.DroppedAttrs[i], b.DroppedEvents[i], b.DroppedLinks[i] = uint32(n)+1, uint32(n)+2, uint32(n)+3
	for _, v := range everyValue() {
		b.Attrs = append(b.Attrs, b.NewAttr("key"+v.Str, v))
	}
	b.Events = append(b.Events, Event{Time: int64(n), Name: text("event"), Attrs: side("event"), DroppedAttrs: uint32(n)})
	b.Links = append(b.Links, Link{TraceID: TraceID{9, n}, SpanID: SpanID{9, n}, TraceState: text("ls"), Flags: uint32(n), Attrs: side("link"), DroppedAttrs: uint32(n)})
	b.EndSpan()
}

// facts is all that a span says, free of its batch's numbering.
func facts(s Span) []any {
	b := s.Batch
	all := []any{
		s.TraceID(), s.ID(), s.ParentID(), s.Start(), s.End(), s.Name(), s.Kind(), s.Status(), s.StatusMessage(),
		s.TraceState(), s.Marks(), b.Flags[s.Row], b.DroppedAttrs[s.Row], b.DroppedEvents[s.Row], b.DroppedLinks[s.Row],
	}
	attrs := func(list []Attr) {
		for _, a := range list {
			all = append(all, b.Strings.Get(a.Key), b.Value(a))
		}
	}
	attrs(s.Attrs())
	for _, e := range s.Events() {
		all = append(all, e.Time, b.Strings.Get(e.Name), e.DroppedAttrs)
		attrs(b.Side(e.Attrs))
	}
	for _, l := range s.Links() {
		all = append(all, l.TraceID, l.SpanID, b.Strings.Get(l.TraceState), l.Flags, l.DroppedAttrs)
		attrs(b.Side(l.Attrs))
	}
	r, sc := b.Resources[b.ResourceOf[s.Row]], b.Scopes[b.ScopeOf[s.Row]]
	all = append(all, b.Strings.Get(r.SchemaURL), r.DroppedAttrs)
	attrs(b.Side(r.Attrs))
	all = append(all, b.Strings.Get(sc.Name), b.Strings.Get(sc.Version), b.Strings.Get(sc.SchemaURL), sc.DroppedAttrs)
	attrs(b.Side(sc.Attrs))
	return all
}

func TestDropSpan(t *testing.T) {
	var want, got Batch
	fill(&want, 1)
	fill(&want, 2)

	fill(&got, 1)
	got.AddSpan(0, 0)
	got.Attrs = append(got.Attrs, Attr{Key: 1})
	got.Events = append(got.Events, Event{Time: 3})
	got.Links = append(got.Links, Link{Flags: 3})
	got.DropSpan()
	fill(&got, 2)

	if got.Len() != 2 {
		t.Fatalf("%d spans, want 2", got.Len())
	}
	for i := range 2 {
		if w, g := facts(want.Span(i)), facts(got.Span(i)); !reflect.DeepEqual(w, g) {
			t.Errorf("span %d is\n%v, want\n%v", i, g, w)
		}
	}
	for _, column := range columns(&got) {
		if column != 2 {
			t.Errorf("columns have lengths %v", columns(&got))
			break
		}
	}

	var empty Batch
	empty.AddSpan(0, 0)
	empty.DropSpan()
	if empty.Len() != 0 {
		t.Error("the first span cannot be dropped")
	}
}

// columns is the length of every column that has a row for each span.
func columns(b *Batch) []int {
	return []int{
		len(b.TraceIDs), len(b.SpanIDs), len(b.ParentIDs), len(b.Starts), len(b.Ends), len(b.Names), len(b.Kinds),
		len(b.StatusCodes), len(b.StatusMessages), len(b.TraceStates), len(b.Flags), len(b.ResourceOf), len(b.ScopeOf),
		len(b.DroppedAttrs), len(b.DroppedEvents), len(b.DroppedLinks), len(b.Marks),
		len(b.AttrEnds), len(b.EventEnds), len(b.LinkEnds),
	}
}

func TestGrow(t *testing.T) {
	var b Batch
	fill(&b, 1)
	want := facts(b.Span(0))
	b.Grow(100)
	if !reflect.DeepEqual(facts(b.Span(0)), want) {
		t.Error("growing changed a span")
	}
	if allocs := testing.AllocsPerRun(1, func() {
		for range 40 { // the run comes twice
			b.AddSpan(0, 0)
			b.EndSpan()
		}
	}); allocs != 0 {
		t.Errorf("%v allocations in the room that was made", allocs)
	}
}

func TestFind(t *testing.T) {
	var b Batch
	b.AddSpan(0, 0)
	b.Attrs = append(b.Attrs,
		b.NewAttr("k", Value{Type: TypeString, Str: "first"}),
		b.NewAttr("k", Value{Type: TypeString, Str: "second"}))
	b.EndSpan()
	if v, ok := b.Span(0).Attr("k"); !ok || v.Str != "first" {
		t.Errorf("found %+v, %v", v, ok)
	}
	if v, ok := b.Span(0).Attr("absent"); ok {
		t.Errorf("found %+v", v)
	}
}

func TestSize(t *testing.T) {
	var b Batch
	empty := b.Size()
	b.Strings.InternString(string(make([]byte, 100_000)))
	text := b.Size()
	if text-empty < 100_000 {
		t.Errorf("a string of 100,000 bytes adds %d", text-empty)
	}
	b.Grow(1000)
	if grown := b.Size() - text; grown < 100_000 || grown > 150_000 {
		t.Errorf("1,000 rows of about 120 bytes take %d", grown)
	}
}

func TestMarkNames(t *testing.T) {
	if got := (MarkEndBeforeStart | MarkBadLink).String(); got != "end_before_start,bad_link" {
		t.Errorf("marks are %q", got)
	}
	if got := Marks(0).String(); got != "" {
		t.Errorf("no marks are %q", got)
	}
	for name := range (MarkNoEnd | MarkNoStart).Names {
		if name != "no_end" {
			t.Errorf("went on to %q after break", name)
		}
		break
	}
}
