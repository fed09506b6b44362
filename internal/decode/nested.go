package decode

import (
	"strings"
	"unicode/utf8"
	"unsafe"

	"github.com/flowscope/flowscope/internal/model"
)

// mendText replaces invalid UTF-8 inside an array or a map and marks the span.
func (d *builder) mendText(v model.Value) model.Value {
	if validText(v) {
		return v
	}
	d.marks |= model.MarkBadText
	return withValidText(v)
}

func validText(v model.Value) bool {
	switch v.Type {
	case model.TypeString:
		return utf8.ValidString(v.Str)
	case model.TypeArray:
		for el := range v.Elements {
			if !validText(el) {
				return false
			}
		}
	case model.TypeMap:
		for key, el := range v.Entries {
			if !utf8.ValidString(key) || !validText(el) {
				return false
			}
		}
	}
	return true
}

func withValidText(v model.Value) model.Value {
	const replacement = "\uFFFD"
	var list []byte
	switch v.Type {
	case model.TypeString:
		v.Str = strings.ToValidUTF8(v.Str, replacement)
	case model.TypeArray:
		for el := range v.Elements {
			list = model.AppendElement(list, withValidText(el))
		}
		v.Str = string(list)
	case model.TypeMap:
		for key, el := range v.Entries {
			list = model.AppendEntry(list, strings.ToValidUTF8(key, replacement), withValidText(el))
		}
		v.Str = string(list)
	}
	return v
}

// viewString is b as a string that shares its memory.
func viewString(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// viewBytes is s as bytes that share its memory and must not be changed.
func viewBytes(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
