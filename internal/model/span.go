package model

// LatestTime is the last start or end a span may have, in Unix ns: the first
// moment of 2200. What is added to a time, such as a bucket's width or how long
// something is kept, cannot overflow from there.
const LatestTime int64 = 7_258_118_400e9

// Span is a cursor on one row of a sealed batch: cheap to copy, valid as long
// as its batch. Strings it returns share the batch's memory.
type Span struct {
	Batch *Batch
	Row   int
}

// TraceID is the trace the span belongs to.
func (s Span) TraceID() TraceID { return s.Batch.TraceIDs[s.Row] }

// ID is the span's id.
func (s Span) ID() SpanID { return s.Batch.SpanIDs[s.Row] }

// ParentID is the id of the span that caused it, zero for a root.
func (s Span) ParentID() SpanID { return s.Batch.ParentIDs[s.Row] }

// SpanKey tells the spans of a trace apart. An id alone does not: the two sides
// of a call may share one, as Zipkin's do.
type SpanKey struct {
	ID     SpanID
	Callee bool // a server or consumer span
}

// Key is what no other span of the trace has.
func (s Span) Key() SpanKey {
	k := s.Kind()
	return SpanKey{ID: s.ID(), Callee: k == KindServer || k == KindConsumer}
}

// Start is when the span began, Unix ns.
func (s Span) Start() int64 { return s.Batch.Starts[s.Row] }

// End is when the span ended, Unix ns, never before Start.
func (s Span) End() int64 { return s.Batch.Ends[s.Row] }

// Duration is how long the span took, ns.
func (s Span) Duration() int64 { return s.End() - s.Start() }

// Name is what the span did.
func (s Span) Name() string { return s.Batch.Strings.Get(s.Batch.Names[s.Row]) }

// Kind is the span's kind.
func (s Span) Kind() Kind { return s.Batch.Kinds[s.Row] }

// Status is the span's status code.
func (s Span) Status() StatusCode { return s.Batch.StatusCodes[s.Row] }

// StatusMessage is what the span says about its status.
func (s Span) StatusMessage() string { return s.Batch.Strings.Get(s.Batch.StatusMessages[s.Row]) }

// TraceState is the W3C tracestate.
func (s Span) TraceState() string { return s.Batch.Strings.Get(s.Batch.TraceStates[s.Row]) }

// Marks are the corrections made to the span when it was decoded.
func (s Span) Marks() Marks { return s.Batch.Marks[s.Row] }

// Resource is what emitted the span. The batch must be sealed.
func (s Span) Resource() *ResourceInfo { return &s.Batch.infos[s.Batch.ResourceOf[s.Row]] }

// Attrs are the span's own attributes.
func (s Span) Attrs() []Attr {
	b := s.Batch
	return b.Attrs[start(b.AttrEnds, s.Row):b.AttrEnds[s.Row]]
}

// Events are what happened during the span.
func (s Span) Events() []Event {
	b := s.Batch
	return b.Events[start(b.EventEnds, s.Row):b.EventEnds[s.Row]]
}

// Links are the span's references to other spans.
func (s Span) Links() []Link {
	b := s.Batch
	return b.Links[start(b.LinkEnds, s.Row):b.LinkEnds[s.Row]]
}

// Attr returns the span's first attribute of that key.
func (s Span) Attr(key string) (Value, bool) { return s.Batch.Find(s.Attrs(), key) }

// Trace is the spans of one trace that are known so far, in no order that
// matters, each SpanKey once.
type Trace struct {
	ID    TraceID
	Spans []Span
}
