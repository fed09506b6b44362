package flow_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/flowscope/flowscope/flow"
	"github.com/flowscope/flowscope/internal/decode"
	"github.com/flowscope/flowscope/internal/model"
)

// TestEncodedAnewNothingIsLost is what exporters do that wrap another one.
func TestEncodedAnewNothingIsLost(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	_, op := tracker.Start(t.Context(), "batch")
	op.Link(flow.SpanContext{TraceID: flow.TraceID{1}, SpanID: flow.SpanID{2}, State: "a=b"}, flow.Int("offset", 7))
	for i := range 40 { // of which 512 KiB are kept
		op.Set(flow.String(strings.Repeat("k", i+1), strings.Repeat("x", 16<<10)))
	}
	op.End()
	want := tracker.Flows(1)[0]
	s := want.Spans[0]
	if l := s.Links[0]; l.State != "a=b" || l.SpanID != (flow.SpanID{2}) || len(l.Attrs) != 1 || l.Attrs[0] != flow.Int("offset", 7) {
		t.Errorf("the link is %+v", l)
	}
	if s.Lost == 0 || s.Lost+len(s.Attrs) != 40 {
		t.Errorf("of 40 attributes %d are kept and %d lost", len(s.Attrs), s.Lost)
	}
	var b model.Batch
	if _, err := decode.Proto(&b, flow.EncodeOTLP(want)); err != nil {
		t.Fatal(err)
	}
	b.Seal()
	got := b.Span(0)
	if l := got.Links()[0]; b.Strings.Get(l.TraceState) != "a=b" || len(b.Side(l.Attrs)) != 1 || int(b.DroppedAttrs[0]) != s.Lost ||
		!reflect.DeepEqual(l.TraceID, model.TraceID{1}) {
		t.Errorf("encoded anew the link is %+v, %d attributes are lost", l, b.DroppedAttrs[0])
	}
}
