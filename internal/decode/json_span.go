package decode

import "github.com/flowscope/flowscope/internal/model"

func (d *jsonDecoder) span(resource, scope uint32) *Error {
	row := d.startSpan(resource, scope)
	d.badText = false
	if err := d.object(func(key string) *Error { return d.spanField(row, key) }); err != nil {
		return err
	}
	if d.badText {
		d.marks |= model.MarkBadText
	}
	d.endSpan(row)
	return nil
}

func (d *jsonDecoder) spanField(row int, key string) *Error {
	b := d.b
	switch key {
	case "traceId":
		return d.idField(b.TraceIDs[row][:], nil)
	case "spanId":
		return d.idField(b.SpanIDs[row][:], nil)
	case "parentSpanId":
		return d.idField(b.ParentIDs[row][:], func() { d.marks |= model.MarkBadParent })
	case "name":
		return d.textField(&b.Names[row])
	case "traceState":
		return d.textField(&b.TraceStates[row])
	case "flags":
		return d.uint32Field(&b.Flags[row])
	case "startTimeUnixNano":
		return d.timeField(&b.Starts[row])
	case "endTimeUnixNano":
		return d.timeField(&b.Ends[row])
	case "kind":
		v, err := d.integer()
		b.Kinds[row] = kind(uint64(v))
		return err
	case "attributes":
		return d.attributes(&b.Attrs)
	case "status":
		return d.status(row)
	}
	return d.spanRest(row, key)
}

// spanRest takes the fields that most spans do not have.
func (d *jsonDecoder) spanRest(row int, key string) *Error {
	b := d.b
	switch key {
	case "events":
		return d.array(func(int) *Error { return d.event() })
	case "links":
		return d.array(func(int) *Error { return d.link() })
	case "droppedAttributesCount":
		return d.uint32Field(&b.DroppedAttrs[row])
	case "droppedEventsCount":
		return d.uint32Field(&b.DroppedEvents[row])
	case "droppedLinksCount":
		return d.uint32Field(&b.DroppedLinks[row])
	}
	d.skip()
	return nil
}

func (d *jsonDecoder) status(row int) *Error {
	return d.object(func(key string) *Error {
		switch key {
		case "message":
			return d.textField(&d.b.StatusMessages[row])
		case "code":
			v, err := d.integer()
			d.b.StatusCodes[row] = statusCode(uint64(v))
			return err
		}
		d.skip()
		return nil
	})
}

func (d *jsonDecoder) event() *Error {
	var e model.Event
	err := d.object(func(key string) *Error {
		switch key {
		case "timeUnixNano":
			return d.timeField(&e.Time)
		case "name":
			return d.textField(&e.Name)
		case "attributes":
			return d.sideAttrs(&e.Attrs)
		case "droppedAttributesCount":
			return d.uint32Field(&e.DroppedAttrs)
		}
		d.skip()
		return nil
	})
	d.b.Events = append(d.b.Events, e)
	return err
}

func (d *jsonDecoder) link() *Error {
	var l model.Link
	ok := true
	bad := func() { ok = false }
	err := d.object(func(key string) *Error {
		switch key {
		case "traceId":
			return d.idField(l.TraceID[:], bad)
		case "spanId":
			return d.idField(l.SpanID[:], bad)
		case "traceState":
			return d.textField(&l.TraceState)
		case "flags":
			return d.uint32Field(&l.Flags)
		case "attributes":
			return d.sideAttrs(&l.Attrs)
		case "droppedAttributesCount":
			return d.uint32Field(&l.DroppedAttrs)
		}
		d.skip()
		return nil
	})
	d.addLink(l, ok)
	return err
}
