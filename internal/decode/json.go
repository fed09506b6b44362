package decode

import (
	"cmp"

	"github.com/flowscope/flowscope/internal/model"
)

// jsonDecoder walks OTLP/JSON.
type jsonDecoder struct {
	builder
	cursor
}

// JSON is Proto for OTLP/JSON: ids as hexadecimal digits, 64-bit integers as
// strings or numbers, enums as integers, bytes as base64.
func JSON(b *model.Batch, body []byte) (Report, error) {
	if err := checkJSON(body); err != nil {
		return Report{}, err
	}
	d := jsonDecoder{builder: newBuilder(b), cursor: cursor{src: body}}
	err := d.object(func(key string) *Error {
		if key != "resourceSpans" {
			d.skip()
			return nil
		}
		return d.array(func(i int) *Error {
			d.path[0] = i
			return d.resourceSpans()
		})
	})
	if err != nil {
		return Report{}, err
	}
	return d.report, nil
}

// resourceSpans reserves the resource's place first: its fields may come after
// the spans that refer to it.
func (d *jsonDecoder) resourceSpans() *Error {
	b := d.b
	r, before := uint32(len(b.Resources)), b.Len()
	b.Resources = append(b.Resources, model.Resource{})
	err := d.object(func(key string) *Error {
		switch key {
		case "resource":
			return d.resource(&b.Resources[r])
		case "scopeSpans":
			return d.array(func(i int) *Error {
				d.path[1] = i
				return d.scopeSpans(r)
			})
		case "schemaUrl":
			return d.textField(&b.Resources[r].SchemaURL)
		}
		d.skip()
		return nil
	})
	if b.Len() == before {
		b.Resources = b.Resources[:r]
	}
	return err
}

// scopeSpans reserves the scope's place first, like resourceSpans.
func (d *jsonDecoder) scopeSpans(resource uint32) *Error {
	b := d.b
	s, before := uint32(len(b.Scopes)), b.Len()
	b.Scopes = append(b.Scopes, model.Scope{})
	err := d.object(func(key string) *Error {
		switch key {
		case "scope":
			return d.scope(&b.Scopes[s])
		case "spans":
			return d.array(func(i int) *Error {
				d.path[2] = i
				return d.span(resource, s)
			})
		case "schemaUrl":
			return d.textField(&b.Scopes[s].SchemaURL)
		}
		d.skip()
		return nil
	})
	if b.Len() == before {
		b.Scopes = b.Scopes[:s]
	}
	return err
}

func (d *jsonDecoder) resource(r *model.Resource) *Error {
	err := d.object(func(key string) *Error {
		switch key {
		case "attributes":
			return d.sideAttrs(&r.Attrs)
		case "droppedAttributesCount":
			return d.uint32Field(&r.DroppedAttrs)
		}
		d.skip()
		return nil
	})
	return cmp.Or(err, d.valueError())
}

func (d *jsonDecoder) scope(s *model.Scope) *Error {
	err := d.object(func(key string) *Error {
		switch key {
		case "name":
			return d.textField(&s.Name)
		case "version":
			return d.textField(&s.Version)
		case "attributes":
			return d.sideAttrs(&s.Attrs)
		case "droppedAttributesCount":
			return d.uint32Field(&s.DroppedAttrs)
		}
		d.skip()
		return nil
	})
	return cmp.Or(err, d.valueError())
}
