package load

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/flowscope/flowscope/internal/wire"
)

// locate finds the places of ids and times in the encoded request.
func (t *template) locate() error {
	found := 0
	inSpan := func(from, to int) error {
		found++
		return t.spans[found-1].locate(t.body, from, to)
	}
	inScope := func(from, to int) error { return each(t.body, from, to, wire.ScopeSpansSpans, inSpan) }
	inResource := func(from, to int) error { return each(t.body, from, to, wire.ResourceSpansScopeSpans, inScope) }
	if err := each(t.body, 0, len(t.body), wire.TracesResourceSpans, inResource); err != nil {
		return err
	}
	if found != len(t.spans) {
		return fmt.Errorf("locate spans: found %d of %d", found, len(t.spans))
	}
	return nil
}

var errMalformed = errors.New("locate spans: the request is malformed")

// each calls visit with where the value of every field of that number begins
// and ends, in the message that is b[from:to].
func each(b []byte, from, to int, number uint32, visit func(from, to int) error) error {
	for i := from; i < to; {
		num, typ, value := wire.Tag(b[:to], i)
		if value < 0 {
			return errMalformed
		}
		i = wire.Skip(b[:to], value, typ)
		if i < 0 {
			return errMalformed
		}
		if num != number {
			continue
		}
		if typ == wire.Bytes {
			_, value = wire.Uvarint(b, value)
		}
		if err := visit(value, i); err != nil {
			return err
		}
	}
	return nil
}

// locate finds the places of one span, which is b[from:to].
func (p *place) locate(b []byte, from, to int) error {
	p.session = from + bytes.Index(b[from:to], []byte(sessionPlaceholder))
	if p.session < from {
		return errors.New("locate spans: one has no session")
	}
	var err error
	for number, at := range map[uint32]*int{
		wire.SpanTraceID: &p.traceID, wire.SpanSpanID: &p.spanID, wire.SpanParentID: &p.parentID,
		wire.SpanStart: &p.startTime, wire.SpanEnd: &p.endTime,
	} {
		err = errors.Join(err, each(b, from, to, number, func(from, _ int) error { *at = from; return nil }))
	}
	return err
}
