package decode

import (
	"math"

	"github.com/flowscope/flowscope/internal/model"
)

// attributes appends the attributes of an array of KeyValue to dst.
func (d *jsonDecoder) attributes(dst *[]model.Attr) *Error {
	return d.array(func(int) *Error {
		key, value, err := d.keyValue(0)
		if err == nil {
			*dst = append(*dst, d.attr(d.text(viewBytes(key)), value))
		}
		return err
	})
}

// sideAttrs adds the attributes of a resource, scope, event or link to r.
func (d *jsonDecoder) sideAttrs(r *model.Range) *Error {
	start := d.reopen(*r)
	err := d.attributes(&d.b.SideAttrs)
	*r = d.since(start)
	return err
}

func (d *jsonDecoder) keyValue(depth int) (key string, v model.Value, err *Error) {
	err = d.object(func(field string) (err *Error) {
		switch field {
		case "key":
			var p []byte
			p, err = d.quoted()
			key = viewString(p)
		case "value":
			v, err = d.value(depth)
		default:
			d.skip()
		}
		return err
	})
	return key, v, err
}

// value reads an AnyValue, whose nesting starts at depth. The last field of
// several wins.
func (d *jsonDecoder) value(depth int) (v model.Value, err *Error) {
	err = d.object(func(field string) (err *Error) {
		switch field {
		case "stringValue":
			var p []byte
			p, err = d.quoted()
			v = model.Value{Type: model.TypeString, Str: viewString(p)}
		case "boolValue":
			var yes bool
			yes, err = d.boolean()
			v = model.Value{Type: model.TypeBool}
			if yes {
				v.Bits = 1
			}
		case "intValue":
			var n int64
			n, err = d.integer()
			v = model.Value{Type: model.TypeInt, Bits: uint64(n)}
		case "doubleValue":
			var f float64
			f, err = d.double()
			v = model.Value{Type: model.TypeDouble, Bits: math.Float64bits(f)}
		case "bytesValue":
			v.Type = model.TypeBytes
			v.Str, err = d.base64()
		case "arrayValue":
			v.Type = model.TypeArray
			v.Str, err = d.list(depth+1, d.appendElement)
		case "kvlistValue":
			v.Type = model.TypeMap
			v.Str, err = d.list(depth+1, d.appendEntry)
		default:
			d.skip()
		}
		return err
	})
	return v, err
}

// list reads the values of an ArrayValue or KeyValueList into its protobuf
// encoding. Nesting over the limit condemns the span.
func (d *jsonDecoder) list(depth int, appendItem func([]byte, int) ([]byte, *Error)) (string, *Error) {
	if depth > model.MaxDepth {
		d.refuse(BadValue)
		d.skip()
		return "", nil
	}
	var list []byte
	err := d.object(func(field string) *Error {
		if field != "values" {
			d.skip()
			return nil
		}
		return d.array(func(int) (err *Error) {
			list, err = appendItem(list, depth)
			return err
		})
	})
	return string(list), err
}

func (d *jsonDecoder) appendElement(list []byte, depth int) ([]byte, *Error) {
	v, err := d.value(depth)
	return model.AppendElement(list, v), err
}

func (d *jsonDecoder) appendEntry(list []byte, depth int) ([]byte, *Error) {
	key, v, err := d.keyValue(depth)
	return model.AppendEntry(list, key, v), err
}
