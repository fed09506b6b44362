package storetest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flowscope/flowscope/internal/model"
)

// Describe writes down everything a span holds, so that two spans are the same
// exactly when their descriptions are.
func Describe(s model.Span) string {
	b, r := s.Batch, s.Row
	var w strings.Builder
	fmt.Fprintf(&w, "%s %x<%x %d-%d %q kind=%d status=%d %q state=%q flags=%x marks=%x dropped=%d,%d,%d\n",
		s.TraceID(), s.ID(), s.ParentID(), s.Start(), s.End(), s.Name(), s.Kind(), s.Status(), s.StatusMessage(),
		s.TraceState(), b.Flags[r], s.Marks(), b.DroppedAttrs[r], b.DroppedEvents[r], b.DroppedLinks[r])
	res, scope := b.Resources[b.ResourceOf[r]], b.Scopes[b.ScopeOf[r]]
	fmt.Fprintf(&w, " resource %q dropped=%d %s %+v\n", b.Strings.Get(res.SchemaURL), res.DroppedAttrs, attrs(b, b.Side(res.Attrs)), *s.Resource())
	fmt.Fprintf(&w, " scope %q %q %q dropped=%d %s\n", b.Strings.Get(scope.Name), b.Strings.Get(scope.Version),
		b.Strings.Get(scope.SchemaURL), scope.DroppedAttrs, attrs(b, b.Side(scope.Attrs)))
	fmt.Fprintf(&w, " attrs %s\n", attrs(b, s.Attrs()))
	for _, e := range s.Events() {
		fmt.Fprintf(&w, " event %d %q dropped=%d %s\n", e.Time, b.Strings.Get(e.Name), e.DroppedAttrs, attrs(b, b.Side(e.Attrs)))
	}
	for _, l := range s.Links() {
		fmt.Fprintf(&w, " link %s %x %q flags=%x dropped=%d %s\n", l.TraceID, l.SpanID, b.Strings.Get(l.TraceState), l.Flags, l.DroppedAttrs, attrs(b, b.Side(l.Attrs)))
	}
	return w.String()
}

func attrs(b *model.Batch, as []model.Attr) string {
	var w strings.Builder
	for _, a := range as {
		v := b.Value(a)
		fmt.Fprintf(&w, "%q=%d:%x:%q ", b.Strings.Get(a.Key), v.Type, v.Bits, v.Str)
	}
	return w.String()
}

// DescribeAll describes spans, sorted.
func DescribeAll(spans []model.Span) []string {
	out := make([]string, len(spans))
	for i, s := range spans {
		out[i] = Describe(s)
	}
	slices.Sort(out)
	return out
}

// SpansOf returns cursors on all spans of a batch.
func SpansOf(b *model.Batch) []model.Span {
	out := make([]model.Span, b.Len())
	for i := range out {
		out[i] = b.Span(i)
	}
	return out
}
