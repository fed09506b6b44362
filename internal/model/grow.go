package model

import "slices"

// Grow makes room for that many more spans, attributes and distinct strings,
// so that adding them does not move what is there already.
func (b *Batch) Grow(spans int) {
	b.TraceIDs = slices.Grow(b.TraceIDs, spans)
	b.SpanIDs = slices.Grow(b.SpanIDs, spans)
	b.ParentIDs = slices.Grow(b.ParentIDs, spans)
	b.Starts = slices.Grow(b.Starts, spans)
	b.Ends = slices.Grow(b.Ends, spans)
	b.Names = slices.Grow(b.Names, spans)
	b.Kinds = slices.Grow(b.Kinds, spans)
	b.StatusCodes = slices.Grow(b.StatusCodes, spans)
	b.StatusMessages = slices.Grow(b.StatusMessages, spans)
	b.TraceStates = slices.Grow(b.TraceStates, spans)
	b.Flags = slices.Grow(b.Flags, spans)
	b.ResourceOf = slices.Grow(b.ResourceOf, spans)
	b.ScopeOf = slices.Grow(b.ScopeOf, spans)
	b.DroppedAttrs = slices.Grow(b.DroppedAttrs, spans)
	b.DroppedEvents = slices.Grow(b.DroppedEvents, spans)
	b.DroppedLinks = slices.Grow(b.DroppedLinks, spans)
	b.Marks = slices.Grow(b.Marks, spans)
	b.AttrEnds = slices.Grow(b.AttrEnds, spans)
	b.EventEnds = slices.Grow(b.EventEnds, spans)
	b.LinkEnds = slices.Grow(b.LinkEnds, spans)
}
