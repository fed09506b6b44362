package wal

import (
	"encoding/binary"

	"github.com/flowscope/flowscope/internal/model"
)

// batchVersion is the first byte of an encoded batch.
const batchVersion = 1

// Counts at the head of an encoded batch, u32 each.
const (
	countStrings = iota
	countArena
	countResources
	countScopes
	countSpans
	countAttrs
	countEvents
	countLinks
	countSide
	counts
)

// AppendBatch appends the encoding of a batch: its own columns one after the
// other, so that neither writing nor reading looks at a span.
//
//	version u8, 9 counts u32: strings (without the empty one), arena bytes,
//	  resources, scopes, spans, attributes, events, links, side attributes
//	strings    ends u32..., arena
//	resources  u32 each: attribute offsets..., lengths..., schema..., dropped...
//	scopes     u32 each: names..., versions..., offsets..., lengths..., schema..., dropped...
//	spans      trace ids, span ids, parent ids, starts i64, ends i64, names u32,
//	           kinds u8, status codes u8, status messages u32, trace states u32,
//	           flags u32, resources u32, scopes u32, dropped attributes u32,
//	           events u32, links u32, marks u8, attribute ends u32, event ends
//	           u32, link ends u32
//	attributes, side attributes  keys u32..., types u8..., bits u64...
//	events     times i64..., names, offsets, lengths, dropped u32...
//	links      trace ids..., span ids..., states, flags, offsets, lengths, dropped u32...
func AppendBatch(dst []byte, b *model.Batch) []byte {
	arena, ends := b.Strings.Raw()
	if len(ends) > 0 {
		ends = ends[1:] // the empty string's
	}
	var n [counts]int
	n[countStrings], n[countArena] = len(ends), len(arena)
	n[countResources], n[countScopes], n[countSpans] = len(b.Resources), len(b.Scopes), b.Len()
	n[countAttrs], n[countEvents], n[countLinks], n[countSide] = len(b.Attrs), len(b.Events), len(b.Links), len(b.SideAttrs)
	dst = append(dst, batchVersion)
	for _, c := range n {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(c))
	}
	dst = append(u32s(dst, ends), arena...)
	dst = appendResources(dst, b.Resources)
	dst = appendScopes(dst, b.Scopes)
	dst = appendSpans(dst, b)
	dst = appendAttrs(dst, b.Attrs)
	dst = appendAttrs(dst, b.SideAttrs)
	dst = appendEvents(dst, b.Events)
	return appendLinks(dst, b.Links)
}

func appendSpans(dst []byte, b *model.Batch) []byte {
	for i := range b.TraceIDs {
		dst = append(dst, b.TraceIDs[i][:]...)
	}
	for i := range b.SpanIDs {
		dst = append(dst, b.SpanIDs[i][:]...)
	}
	for i := range b.ParentIDs {
		dst = append(dst, b.ParentIDs[i][:]...)
	}
	dst = u64s(dst, b.Starts)
	dst = u64s(dst, b.Ends)
	dst = u32s(dst, b.Names)
	dst = u8s(dst, b.Kinds)
	dst = u8s(dst, b.StatusCodes)
	dst = u32s(dst, b.StatusMessages)
	dst = u32s(dst, b.TraceStates)
	dst = u32s(dst, b.Flags)
	dst = u32s(dst, b.ResourceOf)
	dst = u32s(dst, b.ScopeOf)
	dst = u32s(dst, b.DroppedAttrs)
	dst = u32s(dst, b.DroppedEvents)
	dst = u32s(dst, b.DroppedLinks)
	dst = u8s(dst, b.Marks)
	dst = u32s(dst, b.AttrEnds)
	dst = u32s(dst, b.EventEnds)
	return u32s(dst, b.LinkEnds)
}

func appendResources(dst []byte, rs []model.Resource) []byte {
	dst = column32(dst, rs, func(r *model.Resource) uint32 { return r.Attrs.Off })
	dst = column32(dst, rs, func(r *model.Resource) uint32 { return r.Attrs.Len })
	dst = column32(dst, rs, func(r *model.Resource) uint32 { return uint32(r.SchemaURL) })
	return column32(dst, rs, func(r *model.Resource) uint32 { return r.DroppedAttrs })
}

func appendScopes(dst []byte, ss []model.Scope) []byte {
	dst = column32(dst, ss, func(s *model.Scope) uint32 { return uint32(s.Name) })
	dst = column32(dst, ss, func(s *model.Scope) uint32 { return uint32(s.Version) })
	dst = column32(dst, ss, func(s *model.Scope) uint32 { return s.Attrs.Off })
	dst = column32(dst, ss, func(s *model.Scope) uint32 { return s.Attrs.Len })
	dst = column32(dst, ss, func(s *model.Scope) uint32 { return uint32(s.SchemaURL) })
	return column32(dst, ss, func(s *model.Scope) uint32 { return s.DroppedAttrs })
}

func appendAttrs(dst []byte, as []model.Attr) []byte {
	dst = column32(dst, as, func(a *model.Attr) uint32 { return uint32(a.Key) })
	for i := range as {
		dst = append(dst, byte(as[i].Type))
	}
	for i := range as {
		dst = binary.LittleEndian.AppendUint64(dst, as[i].Bits)
	}
	return dst
}

func appendEvents(dst []byte, es []model.Event) []byte {
	for i := range es {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(es[i].Time))
	}
	dst = column32(dst, es, func(e *model.Event) uint32 { return uint32(e.Name) })
	dst = column32(dst, es, func(e *model.Event) uint32 { return e.Attrs.Off })
	dst = column32(dst, es, func(e *model.Event) uint32 { return e.Attrs.Len })
	return column32(dst, es, func(e *model.Event) uint32 { return e.DroppedAttrs })
}

func appendLinks(dst []byte, ls []model.Link) []byte {
	for i := range ls {
		dst = append(dst, ls[i].TraceID[:]...)
	}
	for i := range ls {
		dst = append(dst, ls[i].SpanID[:]...)
	}
	dst = column32(dst, ls, func(l *model.Link) uint32 { return uint32(l.TraceState) })
	dst = column32(dst, ls, func(l *model.Link) uint32 { return l.Flags })
	dst = column32(dst, ls, func(l *model.Link) uint32 { return l.Attrs.Off })
	dst = column32(dst, ls, func(l *model.Link) uint32 { return l.Attrs.Len })
	return column32(dst, ls, func(l *model.Link) uint32 { return l.DroppedAttrs })
}

func u8s[T ~uint8](dst []byte, v []T) []byte {
	for _, x := range v {
		dst = append(dst, byte(x))
	}
	return dst
}

func u32s[T ~uint32](dst []byte, v []T) []byte {
	for _, x := range v {
		dst = binary.LittleEndian.AppendUint32(dst, uint32(x))
	}
	return dst
}

func u64s(dst []byte, v []int64) []byte {
	for _, x := range v {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(x))
	}
	return dst
}

// column32 appends one field of every element.
func column32[T any](dst []byte, v []T, field func(*T) uint32) []byte {
	for i := range v {
		dst = binary.LittleEndian.AppendUint32(dst, field(&v[i]))
	}
	return dst
}
