package decode

import (
	"bytes"
	"unicode/utf8"

	"github.com/flowscope/flowscope/internal/model"
)

// builder writes what both formats yield into a batch and passes judgement on
// each span.
type builder struct {
	b      *model.Batch
	report Report

	// allText says that every string in the batch's table is valid UTF-8, so
	// that only new ones need a look.
	allText bool

	path [3]int // which resource_spans, scope_spans and spans is being read

	marks  model.Marks // of the span being read
	reason Reason      // why to refuse the span being read, 0 so far
	before int         // where the attributes of the span before begin
	attrs  int         // where the attributes of the span being read begin
	side   int         // and where those of its events and links do
}

func newBuilder(b *model.Batch) builder {
	return builder{b: b, allText: b.Strings.Len() == 1}
}

// text interns a string field. Invalid UTF-8 is replaced and marked.
func (d *builder) text(p []byte) model.Ref {
	known := d.b.Strings.Len()
	r := d.b.Strings.Intern(p)
	if d.allText && d.b.Strings.Len() == known || utf8.Valid(p) {
		return r
	}
	d.allText = false
	d.marks |= model.MarkBadText
	return d.b.Strings.Intern(bytes.ToValidUTF8(p, []byte("\uFFFD")))
}

// textLike is text for a field that is often the same as the text guess.
func (d *builder) textLike(p []byte, guess model.Ref) model.Ref {
	if bytes.Equal(p, d.b.Strings.Bytes(guess)) {
		return guess
	}
	return d.text(p)
}

// guess is the attribute that the span before has where this one gets its
// next: spans of one scope tend to have the same keys in the same order.
func (d *builder) guess() model.Attr {
	if i := d.before + len(d.b.Attrs) - d.attrs; i < d.attrs {
		return d.b.Attrs[i]
	}
	return model.Attr{}
}

// attr makes an attribute of an interned key and a value that is valid.
func (d *builder) attr(key model.Ref, v model.Value) model.Attr {
	a := model.Attr{Key: key, Type: v.Type, Bits: v.Bits}
	switch v.Type {
	case model.TypeString:
		a.Bits = uint64(d.text(viewBytes(v.Str)))
	case model.TypeArray, model.TypeMap:
		v = d.mendText(v)
		d.allText = false
		a.Bits = uint64(d.b.Strings.InternString(v.Str))
	case model.TypeBytes:
		d.allText = false
		a.Bits = uint64(d.b.Strings.InternString(v.Str))
	}
	return a
}

// startSpan opens a row. The caller fills it and calls endSpan.
func (d *builder) startSpan(resource, scope uint32) int {
	d.before = d.attrs
	d.marks, d.attrs, d.side = 0, len(d.b.Attrs), len(d.b.SideAttrs)
	return d.b.AddSpan(resource, scope)
}

// refuse condemns the span being read. The first reason counts.
func (d *builder) refuse(why Reason) {
	if d.reason == 0 {
		d.reason = why
	}
}

// endSpan corrects or refuses the row that startSpan opened.
func (d *builder) endSpan(row int) {
	b := d.b
	switch {
	case b.TraceIDs[row].IsZero():
		d.refuse(BadTraceID)
	case b.SpanIDs[row].IsZero():
		d.refuse(BadSpanID)
	}
	d.mendTimes(row)
	if d.reason != 0 {
		b.DropSpan()
		b.SideAttrs = b.SideAttrs[:d.side]
		d.report.refuse(d.reason, d.path)
		d.reason = 0
		return
	}
	if d.marks != 0 {
		b.Marks[row] = d.marks
		d.report.correct(d.marks)
	}
	b.EndSpan()
	d.report.Accepted++
}

// mendTimes makes both times present and in order.
func (d *builder) mendTimes(row int) {
	start, end := &d.b.Starts[row], &d.b.Ends[row]
	switch {
	case tooLate(*start) || tooLate(*end) || *start == 0 && *end == 0:
		d.refuse(BadTime)
	case *start == 0:
		*start, d.marks = *end, d.marks|model.MarkNoStart
	case *end == 0:
		*end, d.marks = *start, d.marks|model.MarkNoEnd
	case *end < *start:
		*end, d.marks = *start, d.marks|model.MarkEndBeforeStart
	}
}

// tooLate reports whether a time is after the last one kept. OTLP's unsigned
// times from 2^63 are negative here.
func tooLate(t int64) bool { return t < 0 || t > model.LatestTime }

// addLink keeps a link of the span being read, unless an id has a wrong length.
func (d *builder) addLink(l model.Link, idsOK bool) {
	if !idsOK {
		d.marks |= model.MarkBadLink
		return
	}
	d.b.Links = append(d.b.Links, l)
}

// kind is a span's kind, unspecified when OTLP does not define it.
func kind(v uint64) model.Kind {
	if v > uint64(model.KindConsumer) {
		return model.KindUnspecified
	}
	return model.Kind(v)
}

// statusCode is a span's status code, unset when OTLP does not define it.
func statusCode(v uint64) model.StatusCode {
	if v > uint64(model.StatusError) {
		return model.StatusUnset
	}
	return model.StatusCode(v)
}

// id copies an id of the right length. It reports false for any other length
// but none at all, which is the zero id.
func id(dst, src []byte) bool {
	if len(src) != len(dst) {
		clear(dst)
		return len(src) == 0
	}
	copy(dst, src)
	return true
}

// reopen makes room to add to side attributes that were read already, which
// only happens when a message comes in parts, and returns where they begin.
func (d *builder) reopen(r model.Range) (start int) {
	start = len(d.b.SideAttrs)
	d.b.SideAttrs = append(d.b.SideAttrs, d.b.Side(r)...)
	return start
}

// since is the range of side attributes from start to the last.
func (d *builder) since(start int) model.Range {
	return model.Range{Off: uint32(start), Len: uint32(len(d.b.SideAttrs) - start)}
}

// valueError turns a bad value in a resource or scope into an error: there is
// no single span to refuse for it.
func (d *builder) valueError() *Error {
	if d.reason != BadValue {
		return nil
	}
	return &Error{Path: "attributes", Problem: badValue}
}
