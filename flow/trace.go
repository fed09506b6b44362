package flow

import (
	"encoding/json"
	"math"
	"time"

	"github.com/flowscope/flowscope/internal/decode"
	"github.com/flowscope/flowscope/internal/model"
)

// Trace is a finished flow, as far as this process ran it, or operations of one
// that ended late. It is the caller's own.
type Trace struct {
	TraceID TraceID
	Spans   []Span // in the order they began, the first one of the flow first
}

// Span is a finished operation.
type Span struct {
	SpanID   SpanID
	ParentID SpanID // zero when it began the trace
	Name     string
	Kind     Kind
	Start    time.Time
	Duration time.Duration
	Status   Status
	Message  string // of the status
	State    string // tracestate
	Attrs    []Attr
	Events   []Event
	Links    []Link
	Lost     int // attributes that there was no room for
}

// Link is another operation, often of another flow, that one has to do with.
type Link struct {
	SpanContext
	Attrs []Attr
}

// Event is something that happened during an operation.
type Event struct {
	Time  time.Time
	Name  string
	Attrs []Attr
}

// End is when the operation ended.
func (s *Span) End() time.Time { return s.Start.Add(s.Duration) }

// Operation is what the flow is called: flow.operation of its first operation,
// else that one's name.
func (t Trace) Operation() string {
	if len(t.Spans) == 0 {
		return ""
	}
	first := &t.Spans[0]
	for _, a := range first.Attrs {
		if a.key == operationKey && a.text != "" {
			return a.text
		}
	}
	return first.Name
}

// MarshalJSON writes the trace flat, for tools that draw graphs: the spans with
// span_id, parent_id and duration_ms, attributes as tags.
func (t Trace) MarshalJSON() ([]byte, error) {
	type span struct {
		SpanID     SpanID         `json:"span_id"`
		ParentID   string         `json:"parent_id,omitempty"`
		Name       string         `json:"name"`
		Start      time.Time      `json:"start_time"`
		End        time.Time      `json:"end_time"`
		DurationMs float64        `json:"duration_ms"`
		Error      string         `json:"error,omitempty"`
		Tags       map[string]any `json:"tags,omitempty"`
	}
	out := struct {
		TraceID   TraceID `json:"trace_id"`
		Operation string  `json:"operation"`
		Spans     []span  `json:"spans"`
	}{t.TraceID, t.Operation(), make([]span, len(t.Spans))}
	for i := range t.Spans {
		from := &t.Spans[i]
		to := span{
			SpanID: from.SpanID, Name: from.Name, Start: from.Start.UTC(), End: from.End().UTC(),
			DurationMs: float64(from.Duration) / float64(time.Millisecond), Error: from.failure(), Tags: tags(from.Attrs),
		}
		if !from.ParentID.IsZero() {
			to.ParentID = from.ParentID.String()
		}
		out.Spans[i] = to
	}
	return json.Marshal(out)
}

// failure is why the operation failed, empty when it did not.
func (s *Span) failure() string {
	switch {
	case s.Status != Failed:
		return ""
	case s.Message != "":
		return s.Message
	default:
		return s.Name + " failed"
	}
}

func tags(attrs []Attr) map[string]any {
	if len(attrs) == 0 {
		return nil
	}
	out := make(map[string]any, len(attrs))
	for _, a := range attrs {
		out[a.key] = jsonValue(a)
	}
	return out
}

// jsonValue is an attribute's value as JSON can have it: what is no number to
// JSON is a text.
func jsonValue(a Attr) any {
	if v, ok := a.Value().(float64); ok && (math.IsNaN(v) || math.IsInf(v, 0)) {
		return a.Text()
	}
	return a.Value()
}

// decoded is records as traces, one each.
func (t *Tracker) decoded(records [][]byte) []Trace {
	var traces []Trace
	for _, record := range records {
		var b model.Batch
		if _, err := decode.Proto(&b, t.request([][]byte{record})); err != nil || b.Len() == 0 {
			continue // appendSpan writes what decode reads; a fuzz test holds them to it
		}
		b.Seal()
		trace := Trace{TraceID: TraceID(b.TraceIDs[0]), Spans: make([]Span, b.Len())}
		for i := range trace.Spans {
			trace.Spans[i] = spanOf(b.Span(i))
		}
		traces = append(traces, trace)
	}
	return traces
}

func spanOf(s model.Span) Span {
	out := Span{
		SpanID: SpanID(s.ID()), ParentID: SpanID(s.ParentID()), Name: s.Name(), Kind: Kind(s.Kind()),
		Start: time.Unix(0, s.Start()), Duration: time.Duration(s.Duration()),
		Status: Status(s.Status()), Message: s.StatusMessage(), State: s.TraceState(), Attrs: attrsOf(s.Batch, s.Attrs()),
		Lost: int(s.Batch.DroppedAttrs[s.Row]),
	}
	for _, e := range s.Events() {
		out.Events = append(out.Events, Event{
			Time: time.Unix(0, e.Time), Name: s.Batch.Strings.Get(e.Name), Attrs: attrsOf(s.Batch, s.Batch.Side(e.Attrs)),
		})
	}
	for _, l := range s.Links() {
		to := SpanContext{TraceID: TraceID(l.TraceID), SpanID: SpanID(l.SpanID), State: s.Batch.Strings.Get(l.TraceState)}
		out.Links = append(out.Links, Link{to, attrsOf(s.Batch, s.Batch.Side(l.Attrs))})
	}
	return out
}

func attrsOf(b *model.Batch, attrs []model.Attr) []Attr {
	var out []Attr
	for _, a := range attrs {
		v := b.Value(a)
		to := Attr{key: b.Strings.Get(a.Key), bits: v.Bits}
		switch v.Type {
		case model.TypeBool:
			to.kind = boolValue
		case model.TypeInt:
			to.kind = intValue
		case model.TypeDouble:
			to.kind = floatValue
		default:
			to.text, to.bits = v.Str, 0
		}
		out = append(out, to)
	}
	return out
}
