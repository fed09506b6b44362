package apitest

import (
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/query/querytest"
)

// RichTrace is a trace of one span that has everything a span can have.
func RichTrace() *model.Batch {
	b := &model.Batch{}
	text := func(s string) model.Ref { return b.Strings.InternString(s) }
	side := func(key, value string) model.Range {
		off := uint32(len(b.SideAttrs))
		b.SideAttrs = append(b.SideAttrs, b.NewAttr(key, model.Value{Type: model.TypeString, Str: value}))
		return model.Range{Off: off, Len: 1}
	}
	b.Resources = []model.Resource{{Attrs: side("service.name", "rich"), SchemaURL: text("res-schema"), DroppedAttrs: 1}}
	b.Scopes = []model.Scope{{Name: text("lib"), Version: text("2"), Attrs: side("k", "v"), SchemaURL: text("scope-schema")}}
	i := b.AddSpan(0, 0)
	b.TraceIDs[i], b.SpanIDs[i], b.ParentIDs[i] = model.TraceID{1}, model.SpanID{2}, model.SpanID{3}
	b.Starts[i], b.Ends[i] = querytest.Epoch, querytest.Epoch+5
	b.Names[i], b.Kinds[i] = text(`say "<hé>"`), model.KindProducer
	b.StatusCodes[i], b.StatusMessages[i] = model.StatusError, text("bad")
	b.TraceStates[i], b.Flags[i] = text("a=b"), 0x101
	b.DroppedAttrs[i], b.DroppedEvents[i], b.DroppedLinks[i] = 4, 5, 6
	b.Marks[i] = model.MarkBadLink | model.MarkEndBeforeStart
	b.Attrs = append(b.Attrs,
		b.NewAttr("big", model.Value{Type: model.TypeInt, Bits: 1<<53 + 1}),
		b.NewAttr("small", model.Value{Type: model.TypeInt, Bits: 7}),
		b.NewAttr("bytes", model.Value{Type: model.TypeBytes, Str: "\x00\xff"}),
		b.NewAttr("list", model.Value{Type: model.TypeArray,
			Str: string(model.AppendElement(nil, model.Value{Type: model.TypeBool, Bits: 1}))}),
	)
	b.Events = append(b.Events, model.Event{Time: querytest.Epoch + 3, Name: text("tick"), Attrs: side("n", "1")})
	b.Links = append(b.Links, model.Link{TraceID: model.TraceID{8}, SpanID: model.SpanID{9}, TraceState: text("c=d"), Attrs: side("l", "2")})
	b.EndSpan()
	b.Seal()
	return b
}
