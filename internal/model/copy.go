package model

// Copier copies spans of other batches into one: a trace out of many batches,
// many small batches into a large one. Resources and scopes of one source
// batch are copied once. It belongs to one goroutine.
type Copier struct {
	dst  *Batch
	srcs map[*Batch]*copied
}

// copied is what of a source batch is in the destination already; 0 means not
// yet, r+1 means r.
type copied struct {
	strings   []Ref
	resources []uint32
	scopes    []uint32
}

// NewCopier returns a copier that appends to dst.
func NewCopier(dst *Batch) *Copier {
	return &Copier{dst: dst, srcs: map[*Batch]*copied{}}
}

// Copy appends a span with everything that belongs to it.
func (c *Copier) Copy(s Span) {
	src, b := s.Batch, c.dst
	m := c.source(src)
	i := b.AddSpan(c.resource(m, src, src.ResourceOf[s.Row]), c.scope(m, src, src.ScopeOf[s.Row]))
	b.TraceIDs[i], b.SpanIDs[i], b.ParentIDs[i] = s.TraceID(), s.ID(), s.ParentID()
	b.Starts[i], b.Ends[i] = s.Start(), s.End()
	b.Names[i] = c.str(m, src, src.Names[s.Row])
	b.Kinds[i], b.StatusCodes[i], b.Marks[i] = s.Kind(), s.Status(), s.Marks()
	b.StatusMessages[i] = c.str(m, src, src.StatusMessages[s.Row])
	b.TraceStates[i] = c.str(m, src, src.TraceStates[s.Row])
	b.Flags[i] = src.Flags[s.Row]
	b.DroppedAttrs[i], b.DroppedEvents[i], b.DroppedLinks[i] = src.DroppedAttrs[s.Row], src.DroppedEvents[s.Row], src.DroppedLinks[s.Row]
	for _, a := range s.Attrs() {
		b.Attrs = append(b.Attrs, c.attr(m, src, a))
	}
	for _, e := range s.Events() {
		e.Name, e.Attrs = c.str(m, src, e.Name), c.side(m, src, e.Attrs)
		b.Events = append(b.Events, e)
	}
	for _, l := range s.Links() {
		l.TraceState, l.Attrs = c.str(m, src, l.TraceState), c.side(m, src, l.Attrs)
		b.Links = append(b.Links, l)
	}
	b.EndSpan()
}

func (c *Copier) source(src *Batch) *copied {
	m := c.srcs[src]
	if m == nil {
		m = &copied{
			strings:   make([]Ref, src.Strings.Len()),
			resources: make([]uint32, len(src.Resources)),
			scopes:    make([]uint32, len(src.Scopes)),
		}
		c.srcs[src] = m
	}
	return m
}

func (c *Copier) str(m *copied, src *Batch, r Ref) Ref {
	if r == 0 {
		return 0
	}
	if m.strings[r] == 0 {
		m.strings[r] = c.dst.Strings.Intern(src.Strings.Bytes(r))
	}
	return m.strings[r]
}

func (c *Copier) attr(m *copied, src *Batch, a Attr) Attr {
	a.Key = c.str(m, src, a.Key)
	switch a.Type {
	case TypeString, TypeBytes, TypeArray, TypeMap:
		a.Bits = uint64(c.str(m, src, Ref(a.Bits)))
	}
	return a
}

func (c *Copier) side(m *copied, src *Batch, r Range) Range {
	off := uint32(len(c.dst.SideAttrs))
	for _, a := range src.Side(r) {
		c.dst.SideAttrs = append(c.dst.SideAttrs, c.attr(m, src, a))
	}
	return Range{off, r.Len}
}

func (c *Copier) resource(m *copied, src *Batch, r uint32) uint32 {
	if m.resources[r] == 0 {
		res := src.Resources[r]
		res.Attrs, res.SchemaURL = c.side(m, src, res.Attrs), c.str(m, src, res.SchemaURL)
		c.dst.Resources = append(c.dst.Resources, res)
		m.resources[r] = uint32(len(c.dst.Resources))
	}
	return m.resources[r] - 1
}

func (c *Copier) scope(m *copied, src *Batch, s uint32) uint32 {
	if m.scopes[s] == 0 {
		sc := src.Scopes[s]
		sc.Name, sc.Version = c.str(m, src, sc.Name), c.str(m, src, sc.Version)
		sc.Attrs, sc.SchemaURL = c.side(m, src, sc.Attrs), c.str(m, src, sc.SchemaURL)
		c.dst.Scopes = append(c.dst.Scopes, sc)
		m.scopes[s] = uint32(len(c.dst.Scopes))
	}
	return m.scopes[s] - 1
}
