package model

// Kind is a span's kind, numbered as OTLP numbers it.
type Kind uint8

// The span kinds of OTLP.
const (
	KindUnspecified Kind = iota
	KindInternal
	KindServer
	KindClient
	KindProducer
	KindConsumer
)

// StatusCode is a span's status, numbered as OTLP numbers it.
type StatusCode uint8

// The status codes of OTLP.
const (
	StatusUnset StatusCode = iota
	StatusOK
	StatusError
)

// Range is a run of entries in a batch's SideAttrs.
type Range struct{ Off, Len uint32 }

// Resource is what emitted spans.
type Resource struct {
	Attrs        Range
	SchemaURL    Ref
	DroppedAttrs uint32
}

// Scope is the instrumentation that made spans.
type Scope struct {
	Name, Version Ref
	Attrs         Range
	SchemaURL     Ref
	DroppedAttrs  uint32
}

// Event is something that happened during a span.
type Event struct {
	Time         int64
	Name         Ref
	Attrs        Range
	DroppedAttrs uint32
}

// Link is a span's reference to another span, often of another trace.
type Link struct {
	TraceID      TraceID
	SpanID       SpanID
	TraceState   Ref
	Flags        uint32
	Attrs        Range
	DroppedAttrs uint32
}

// Batch is a set of spans in columns. All span columns have the same length;
// row i of each describes span i. Span i owns Attrs[AttrEnds[i-1]:AttrEnds[i]],
// and Events and Links likewise. The attributes of resources, scopes, events
// and links are in SideAttrs.
type Batch struct {
	Strings   Strings
	Resources []Resource
	Scopes    []Scope

	TraceIDs       []TraceID
	SpanIDs        []SpanID
	ParentIDs      []SpanID
	Starts         []int64
	Ends           []int64
	Names          []Ref
	Kinds          []Kind
	StatusCodes    []StatusCode
	StatusMessages []Ref
	TraceStates    []Ref
	Flags          []uint32
	ResourceOf     []uint32 // index into Resources
	ScopeOf        []uint32 // index into Scopes
	DroppedAttrs   []uint32
	DroppedEvents  []uint32
	DroppedLinks   []uint32
	Marks          []Marks

	AttrEnds  []uint32
	Attrs     []Attr
	EventEnds []uint32
	Events    []Event
	LinkEnds  []uint32
	Links     []Link

	SideAttrs []Attr

	infos []ResourceInfo // by resource, made by Seal
}

// Len is the number of spans.
func (b *Batch) Len() int { return len(b.TraceIDs) }

// Seal ends the writing of a batch: it drops what only writing needs and looks
// up what every reader asks of a resource. A sealed batch is read-only.
func (b *Batch) Seal() {
	b.Strings.Seal()
	b.infos = make([]ResourceInfo, len(b.Resources))
	for r := range b.infos {
		b.infos[r] = b.resourceInfo(uint32(r))
	}
}

// Span is a cursor on span i.
func (b *Batch) Span(i int) Span { return Span{b, i} }

// AddSpan appends an empty span of a resource and a scope and returns its row.
// The caller fills the columns, appends the span's attributes, events and
// links, and then calls EndSpan.
func (b *Batch) AddSpan(resource, scope uint32) int {
	b.TraceIDs = append(b.TraceIDs, TraceID{})
	b.SpanIDs = append(b.SpanIDs, SpanID{})
	b.ParentIDs = append(b.ParentIDs, SpanID{})
	b.Starts = append(b.Starts, 0)
	b.Ends = append(b.Ends, 0)
	b.Names = append(b.Names, 0)
	b.Kinds = append(b.Kinds, KindUnspecified)
	b.StatusCodes = append(b.StatusCodes, StatusUnset)
	b.StatusMessages = append(b.StatusMessages, 0)
	b.TraceStates = append(b.TraceStates, 0)
	b.Flags = append(b.Flags, 0)
	b.ResourceOf = append(b.ResourceOf, resource)
	b.ScopeOf = append(b.ScopeOf, scope)
	b.DroppedAttrs = append(b.DroppedAttrs, 0)
	b.DroppedEvents = append(b.DroppedEvents, 0)
	b.DroppedLinks = append(b.DroppedLinks, 0)
	b.Marks = append(b.Marks, 0)
	return len(b.TraceIDs) - 1
}

// EndSpan closes the span that AddSpan opened last: what was appended to
// Attrs, Events and Links since the span before it now belongs to it.
func (b *Batch) EndSpan() {
	b.AttrEnds = append(b.AttrEnds, uint32(len(b.Attrs)))
	b.EventEnds = append(b.EventEnds, uint32(len(b.Events)))
	b.LinkEnds = append(b.LinkEnds, uint32(len(b.Links)))
}

// DropSpan takes back the span that AddSpan opened last, with everything that
// was appended for it, instead of EndSpan. Its strings stay.
func (b *Batch) DropSpan() {
	n := len(b.TraceIDs) - 1
	b.TraceIDs, b.SpanIDs, b.ParentIDs = b.TraceIDs[:n], b.SpanIDs[:n], b.ParentIDs[:n]
	b.Starts, b.Ends, b.Names, b.Kinds = b.Starts[:n], b.Ends[:n], b.Names[:n], b.Kinds[:n]
	b.StatusCodes, b.StatusMessages = b.StatusCodes[:n], b.StatusMessages[:n]
	b.TraceStates, b.Flags = b.TraceStates[:n], b.Flags[:n]
	b.ResourceOf, b.ScopeOf = b.ResourceOf[:n], b.ScopeOf[:n]
	b.DroppedAttrs, b.DroppedEvents, b.DroppedLinks = b.DroppedAttrs[:n], b.DroppedEvents[:n], b.DroppedLinks[:n]
	b.Marks = b.Marks[:n]
	b.Attrs = b.Attrs[:start(b.AttrEnds, n)]
	b.Events = b.Events[:start(b.EventEnds, n)]
	b.Links = b.Links[:start(b.LinkEnds, n)]
}

// start is where the entries of row i begin.
func start(ends []uint32, i int) uint32 {
	if i == 0 {
		return 0
	}
	return ends[i-1]
}
