package analyzetest

import (
	"strconv"

	"github.com/flowscope/flowscope/internal/model"
)

// Resource is what emits spans in a test. Empty fields are left out.
type Resource struct {
	Namespace, Service, Version, Instance, Host, Environment string
}

// Span is a span of a test.
type Span struct {
	Resource   Resource
	TraceID    model.TraceID
	ID, Parent model.SpanID
	Name       string
	Kind       model.Kind
	Start, End int64 // Unix ns
	Status     model.StatusCode
	Message    string
	Marks      model.Marks
	Attrs      []Attr
	Links      []Link
	Exceptions []string // their messages
}

// Attr is an attribute. A value of decimal digits becomes an integer.
type Attr struct{ Key, Value string }

// Link is a link to another span.
type Link struct {
	TraceID model.TraceID
	SpanID  model.SpanID
}

// Batch puts spans into a sealed batch in their order.
func Batch(spans []Span) *model.Batch {
	b := &model.Batch{Scopes: []model.Scope{{}}}
	resources := map[Resource]uint32{}
	for i := range spans {
		s := &spans[i]
		r, ok := resources[s.Resource]
		if !ok {
			r = addResource(b, s.Resource)
			resources[s.Resource] = r
		}
		addSpan(b, s, r)
	}
	b.Seal()
	return b
}

func addResource(b *model.Batch, r Resource) uint32 {
	off := len(b.SideAttrs)
	for _, a := range []Attr{
		{"service.namespace", r.Namespace}, {"service.name", r.Service}, {"service.version", r.Version},
		{"service.instance.id", r.Instance}, {"host.name", r.Host}, {"deployment.environment.name", r.Environment},
	} {
		if a.Value != "" {
			b.SideAttrs = append(b.SideAttrs, b.NewAttr(a.Key, model.Value{Type: model.TypeString, Str: a.Value}))
		}
	}
	b.Resources = append(b.Resources, model.Resource{Attrs: since(b, off)})
	return uint32(len(b.Resources) - 1)
}

// since is the range of the side attributes that were added after off.
func since(b *model.Batch, off int) model.Range {
	return model.Range{Off: uint32(off), Len: uint32(len(b.SideAttrs) - off)}
}

func addSpan(b *model.Batch, s *Span, resource uint32) {
	i := b.AddSpan(resource, 0)
	b.TraceIDs[i], b.SpanIDs[i], b.ParentIDs[i] = s.TraceID, s.ID, s.Parent
	b.Names[i], b.Kinds[i] = b.Strings.InternString(s.Name), s.Kind
	b.Starts[i], b.Ends[i] = s.Start, s.End
	b.StatusCodes[i], b.StatusMessages[i] = s.Status, b.Strings.InternString(s.Message)
	b.Marks[i] = s.Marks
	for _, a := range s.Attrs {
		b.Attrs = append(b.Attrs, b.NewAttr(a.Key, value(a.Value)))
	}
	for _, l := range s.Links {
		b.Links = append(b.Links, model.Link{TraceID: l.TraceID, SpanID: l.SpanID})
	}
	for _, message := range s.Exceptions {
		off := len(b.SideAttrs)
		b.SideAttrs = append(b.SideAttrs, b.NewAttr("exception.message", value(message)))
		b.Events = append(b.Events, model.Event{Time: s.End, Name: b.Strings.InternString("exception"), Attrs: since(b, off)})
	}
	b.EndSpan()
}

func value(text string) model.Value {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return model.Value{Type: model.TypeInt, Bits: uint64(n)}
	}
	return model.Value{Type: model.TypeString, Str: text}
}

// Traces groups the spans of batches by trace, in the order traces first
// appear, repeats included.
func Traces(batches ...*model.Batch) []*model.Trace {
	var traces []*model.Trace
	byID := map[model.TraceID]*model.Trace{}
	for _, b := range batches {
		for i := range b.Len() {
			s := b.Span(i)
			t := byID[s.TraceID()]
			if t == nil {
				t = &model.Trace{ID: s.TraceID()}
				byID[t.ID] = t
				traces = append(traces, t)
			}
			t.Spans = append(t.Spans, s)
		}
	}
	return traces
}
