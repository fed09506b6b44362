package model

import "unsafe"

// Reset empties a batch and keeps its memory for the next spans. Nobody may
// hold spans or strings of it.
func (b *Batch) Reset() {
	b.Strings.reset()
	b.Resources, b.Scopes = b.Resources[:0], b.Scopes[:0]
	b.TraceIDs, b.SpanIDs, b.ParentIDs = b.TraceIDs[:0], b.SpanIDs[:0], b.ParentIDs[:0]
	b.Starts, b.Ends, b.Names, b.Kinds = b.Starts[:0], b.Ends[:0], b.Names[:0], b.Kinds[:0]
	b.StatusCodes, b.StatusMessages = b.StatusCodes[:0], b.StatusMessages[:0]
	b.TraceStates, b.Flags = b.TraceStates[:0], b.Flags[:0]
	b.ResourceOf, b.ScopeOf = b.ResourceOf[:0], b.ScopeOf[:0]
	b.DroppedAttrs, b.DroppedEvents, b.DroppedLinks = b.DroppedAttrs[:0], b.DroppedEvents[:0], b.DroppedLinks[:0]
	b.Marks = b.Marks[:0]
	b.AttrEnds, b.EventEnds, b.LinkEnds = b.AttrEnds[:0], b.EventEnds[:0], b.LinkEnds[:0]
	b.Attrs, b.Events, b.Links, b.SideAttrs = b.Attrs[:0], b.Events[:0], b.Links[:0], b.SideAttrs[:0]
	b.infos = nil
}

// Compact returns a copy of a batch that takes as little memory as it can and
// shares none with b. The copy is sealed.
func (b *Batch) Compact() *Batch {
	c := &Batch{
		Strings:   b.Strings.compact(),
		Resources: exact(b.Resources), Scopes: exact(b.Scopes),
		TraceIDs: exact(b.TraceIDs), SpanIDs: exact(b.SpanIDs), ParentIDs: exact(b.ParentIDs),
		Starts: exact(b.Starts), Ends: exact(b.Ends),
		Names: sparse(b.Names), Kinds: sparse(b.Kinds),
		StatusCodes: sparse(b.StatusCodes), StatusMessages: sparse(b.StatusMessages),
		TraceStates: sparse(b.TraceStates), Flags: sparse(b.Flags),
		ResourceOf: sparse(b.ResourceOf), ScopeOf: sparse(b.ScopeOf),
		DroppedAttrs: sparse(b.DroppedAttrs), DroppedEvents: sparse(b.DroppedEvents), DroppedLinks: sparse(b.DroppedLinks),
		Marks:    sparse(b.Marks),
		AttrEnds: sparse(b.AttrEnds), EventEnds: sparse(b.EventEnds), LinkEnds: sparse(b.LinkEnds),
		Attrs: exact(b.Attrs), Events: exact(b.Events), Links: exact(b.Links), SideAttrs: exact(b.SideAttrs),
	}
	c.Seal()
	return c
}

// exact copies a column, with no room to grow.
func exact[T any](col []T) []T {
	if len(col) == 0 {
		return nil
	}
	return append(make([]T, 0, len(col)), col...)
}

// zeros is what columns share in which every row is zero. It is never written:
// the batches it is in are sealed. 256 KiB hold the largest usual request, and
// only pages that were read are there.
var zeros [1 << 16]uint32

// sparse copies a column, unless all of it is zero: then the copy is zeros.
func sparse[T ~uint8 | ~uint32](col []T) []T {
	for _, v := range col {
		if v != 0 {
			return exact(col)
		}
	}
	if len(col) > len(zeros) {
		return make([]T, len(col))
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&zeros)), len(col))
}

// Size is about how many bytes of memory the batch holds.
func (b *Batch) Size() int {
	return bytesIn(b.Strings.arena) + bytesIn(b.Strings.ends) + bytesIn(b.Strings.index) +
		bytesIn(b.Resources) + bytesIn(b.Scopes) +
		bytesIn(b.TraceIDs) + bytesIn(b.SpanIDs) + bytesIn(b.ParentIDs) + bytesIn(b.Starts) + bytesIn(b.Ends) +
		bytesIn(b.Names) + bytesIn(b.Kinds) + bytesIn(b.StatusCodes) + bytesIn(b.StatusMessages) +
		bytesIn(b.TraceStates) + bytesIn(b.Flags) + bytesIn(b.ResourceOf) + bytesIn(b.ScopeOf) +
		bytesIn(b.DroppedAttrs) + bytesIn(b.DroppedEvents) + bytesIn(b.DroppedLinks) + bytesIn(b.Marks) +
		bytesIn(b.AttrEnds) + bytesIn(b.EventEnds) + bytesIn(b.LinkEnds) +
		bytesIn(b.Attrs) + bytesIn(b.Events) + bytesIn(b.Links) + bytesIn(b.SideAttrs)
}

// bytesIn is how much memory a column takes.
func bytesIn[T any](col []T) int {
	if unsafe.Pointer(unsafe.SliceData(col)) == unsafe.Pointer(&zeros) {
		return 0
	}
	var v T
	return cap(col) * int(unsafe.Sizeof(v))
}
