package wal

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/flowscope/flowscope/internal/model"
)

// ErrCorrupt says that bytes are not what this package wrote.
var ErrCorrupt = errors.New("wal: corrupt record")

// DecodeBatch decodes what AppendBatch wrote into a sealed batch that shares
// nothing with p. Whatever p holds, the batch it returns is safe to read: every
// reference in it is checked. It returns ErrCorrupt for anything else.
func DecodeBatch(p []byte) (*model.Batch, error) {
	if len(p) < 1+4*counts || p[0] != batchVersion {
		return nil, fmt.Errorf("%w: no batch header", ErrCorrupt)
	}
	d := decoder{p: p[1:]}
	var n [counts]int
	for i := range n {
		n[i] = int(binary.LittleEndian.Uint32(d.take(4)))
	}
	if want := encodedSize(n); want != uint64(len(p)) {
		return nil, fmt.Errorf("%w: %d bytes where the counts say %d", ErrCorrupt, len(p), want)
	}
	b := &model.Batch{}
	ends := append([]uint32{0}, u32sOf[uint32](&d, n[countStrings])...)
	if arena := append([]byte(nil), d.take(n[countArena])...); !b.Strings.SetRaw(arena, ends) {
		return nil, fmt.Errorf("%w: string table", ErrCorrupt)
	}
	d.resources(b, n[countResources])
	d.scopes(b, n[countScopes])
	d.spans(b, n[countSpans])
	b.Attrs = d.attrs(n[countAttrs])
	b.SideAttrs = d.attrs(n[countSide])
	d.events(b, n[countEvents])
	d.links(b, n[countLinks])
	if err := check(b); err != nil {
		return nil, err
	}
	return b.Compact(), nil
}

// encodedSize is the length of an encoding with these counts. Each is below
// 2^32, so the sum cannot overflow.
func encodedSize(n [counts]int) uint64 {
	size := [counts]uint64{
		countStrings: 4, countArena: 1, countResources: 4 * 4, countScopes: 6 * 4,
		countSpans: 16 + 8 + 8 + 8 + 8 + 9*4 + 3 + 3*4, countAttrs: 13, countSide: 13,
		countEvents: 8 + 4*4, countLinks: 16 + 8 + 5*4,
	}
	total := uint64(1 + 4*counts)
	for i, c := range n {
		total += uint64(c) * size[i]
	}
	return total
}

// decoder takes columns off p, whose length was checked beforehand.
type decoder struct{ p []byte }

func (d *decoder) take(n int) []byte {
	p := d.p[:n:n]
	d.p = d.p[n:]
	return p
}

func u8sOf[T ~uint8](d *decoder, n int) []T {
	out := make([]T, n)
	for i, c := range d.take(n) {
		out[i] = T(c)
	}
	return out
}

func u32sOf[T ~uint32](d *decoder, n int) []T {
	p, out := d.take(4*n), make([]T, n)
	for i := range out {
		out[i] = T(binary.LittleEndian.Uint32(p[4*i:]))
	}
	return out
}

func (d *decoder) i64s(n int) []int64 {
	p, out := d.take(8*n), make([]int64, n)
	for i := range out {
		out[i] = int64(binary.LittleEndian.Uint64(p[8*i:]))
	}
	return out
}

func (d *decoder) traceIDs(n int) []model.TraceID {
	out := make([]model.TraceID, n)
	for i := range out {
		copy(out[i][:], d.take(16))
	}
	return out
}

func (d *decoder) spanIDs(n int) []model.SpanID {
	out := make([]model.SpanID, n)
	for i := range out {
		copy(out[i][:], d.take(8))
	}
	return out
}

// set32 reads one u32 column into a field of every element.
func set32[T any](d *decoder, v []T, set func(*T, uint32)) {
	p := d.take(4 * len(v))
	for i := range v {
		set(&v[i], binary.LittleEndian.Uint32(p[4*i:]))
	}
}

func (d *decoder) resources(b *model.Batch, n int) {
	rs := make([]model.Resource, n)
	set32(d, rs, func(r *model.Resource, v uint32) { r.Attrs.Off = v })
	set32(d, rs, func(r *model.Resource, v uint32) { r.Attrs.Len = v })
	set32(d, rs, func(r *model.Resource, v uint32) { r.SchemaURL = model.Ref(v) })
	set32(d, rs, func(r *model.Resource, v uint32) { r.DroppedAttrs = v })
	b.Resources = rs
}

func (d *decoder) scopes(b *model.Batch, n int) {
	ss := make([]model.Scope, n)
	set32(d, ss, func(s *model.Scope, v uint32) { s.Name = model.Ref(v) })
	set32(d, ss, func(s *model.Scope, v uint32) { s.Version = model.Ref(v) })
	set32(d, ss, func(s *model.Scope, v uint32) { s.Attrs.Off = v })
	set32(d, ss, func(s *model.Scope, v uint32) { s.Attrs.Len = v })
	set32(d, ss, func(s *model.Scope, v uint32) { s.SchemaURL = model.Ref(v) })
	set32(d, ss, func(s *model.Scope, v uint32) { s.DroppedAttrs = v })
	b.Scopes = ss
}

func (d *decoder) spans(b *model.Batch, n int) {
	b.TraceIDs, b.SpanIDs, b.ParentIDs = d.traceIDs(n), d.spanIDs(n), d.spanIDs(n)
	b.Starts, b.Ends = d.i64s(n), d.i64s(n)
	b.Names = u32sOf[model.Ref](d, n)
	b.Kinds = u8sOf[model.Kind](d, n)
	b.StatusCodes = u8sOf[model.StatusCode](d, n)
	b.StatusMessages = u32sOf[model.Ref](d, n)
	b.TraceStates = u32sOf[model.Ref](d, n)
	b.Flags = u32sOf[uint32](d, n)
	b.ResourceOf = u32sOf[uint32](d, n)
	b.ScopeOf = u32sOf[uint32](d, n)
	b.DroppedAttrs = u32sOf[uint32](d, n)
	b.DroppedEvents = u32sOf[uint32](d, n)
	b.DroppedLinks = u32sOf[uint32](d, n)
	b.Marks = u8sOf[model.Marks](d, n)
	b.AttrEnds = u32sOf[uint32](d, n)
	b.EventEnds = u32sOf[uint32](d, n)
	b.LinkEnds = u32sOf[uint32](d, n)
}

func (d *decoder) attrs(n int) []model.Attr {
	as := make([]model.Attr, n)
	set32(d, as, func(a *model.Attr, v uint32) { a.Key = model.Ref(v) })
	for i, c := range d.take(n) {
		as[i].Type = model.ValueType(c)
	}
	p := d.take(8 * n)
	for i := range as {
		as[i].Bits = binary.LittleEndian.Uint64(p[8*i:])
	}
	return as
}

func (d *decoder) events(b *model.Batch, n int) {
	es := make([]model.Event, n)
	for i, t := range d.i64s(n) {
		es[i].Time = t
	}
	set32(d, es, func(e *model.Event, v uint32) { e.Name = model.Ref(v) })
	set32(d, es, func(e *model.Event, v uint32) { e.Attrs.Off = v })
	set32(d, es, func(e *model.Event, v uint32) { e.Attrs.Len = v })
	set32(d, es, func(e *model.Event, v uint32) { e.DroppedAttrs = v })
	b.Events = es
}

func (d *decoder) links(b *model.Batch, n int) {
	ls := make([]model.Link, n)
	for i, id := range d.traceIDs(n) {
		ls[i].TraceID = id
	}
	for i, id := range d.spanIDs(n) {
		ls[i].SpanID = id
	}
	set32(d, ls, func(l *model.Link, v uint32) { l.TraceState = model.Ref(v) })
	set32(d, ls, func(l *model.Link, v uint32) { l.Flags = v })
	set32(d, ls, func(l *model.Link, v uint32) { l.Attrs.Off = v })
	set32(d, ls, func(l *model.Link, v uint32) { l.Attrs.Len = v })
	set32(d, ls, func(l *model.Link, v uint32) { l.DroppedAttrs = v })
	b.Links = ls
}
