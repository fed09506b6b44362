package decode

import (
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/wire"
)

// attribute reads a KeyValue. It reports false for a malformed one; an array
// or a map that is malformed inside, or too deep, condemns the span instead.
// The attribute is often like guess, and then costs less.
func (d *protoDecoder) attribute(p []byte, guess model.Attr) (model.Attr, bool) {
	key, value, ok := model.ParseKeyValue(p)
	if !ok {
		return model.Attr{}, false
	}
	v, ok := model.ParseAnyValue(value, 0)
	if !ok {
		d.refuse(BadValue)
		return model.Attr{}, wellFramed(value)
	}
	keyRef := d.textLike(key, guess.Key)
	if v.Type == model.TypeString && guess.Type == model.TypeString {
		return model.Attr{Key: keyRef, Type: v.Type, Bits: uint64(d.textLike(viewBytes(v.Str), model.Ref(guess.Bits)))}, true
	}
	return d.attr(keyRef, v), true
}

// wellFramed reports whether the fields of a message can be told apart,
// whatever is in them.
func wellFramed(p []byte) bool {
	i := 0
	for i >= 0 && i < len(p) {
		_, i = wire.ReadField(p, i)
	}
	return i >= 0
}

// sideAttr appends an attribute of a resource, scope, event or link, whose
// side attributes begin at start.
func (d *protoDecoder) sideAttr(p []byte, start int) *Error {
	a, ok := d.attribute(p, model.Attr{})
	if !ok {
		return (&Error{Problem: malformed}).inItem("attributes", len(d.b.SideAttrs)-start)
	}
	d.b.SideAttrs = append(d.b.SideAttrs, a)
	return nil
}
