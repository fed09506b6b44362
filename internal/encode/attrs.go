package encode

import (
	"strconv"

	"github.com/flowscope/flowscope/internal/model"
)

// AppendAttrs appends attributes of b as one JSON object of plain values:
// strings, numbers, true and false, null for an empty value, arrays and
// objects. Bytes are base64. Integers that a JavaScript number cannot hold
// exactly, and NaN and the infinities, are strings. When a key comes more than
// once the first counts, as for Batch.Find.
func AppendAttrs(dst []byte, b *model.Batch, list []model.Attr) []byte {
	w := plainWriter{newWriter(dst)}
	seen := make(map[model.Ref]bool, len(list))
	w.open('{')
	for _, a := range list {
		if !seen[a.Key] {
			seen[a.Key] = true
			w.key(b.Strings.Get(a.Key))
			w.value(b.Value(a))
		}
	}
	w.close('}')
	return w.dst
}

// plainWriter writes values as a person would, without their types.
type plainWriter struct{ *writer }

func (w plainWriter) value(v model.Value) {
	switch v.Type {
	case model.TypeString:
		w.string(v.Str)
	case model.TypeBool:
		w.bool(v.Bool())
	case model.TypeInt:
		w.integer(v.Int())
	case model.TypeDouble:
		w.double(v.Double())
	case model.TypeBytes:
		w.base64(v.Str)
	case model.TypeArray:
		w.open('[')
		for el := range v.Elements {
			w.value(el)
		}
		w.close(']')
	case model.TypeMap:
		w.entries(v)
	default:
		w.null()
	}
}

func (w plainWriter) entries(v model.Value) {
	seen := map[string]bool{}
	w.open('{')
	for key, el := range v.Entries {
		if !seen[key] {
			seen[key] = true
			w.key(key)
			w.value(el)
		}
	}
	w.close('}')
}

// integer writes a number, or a string beyond ±2^53, where doubles skip integers.
func (w plainWriter) integer(v int64) {
	const exact = 1 << 53
	if v < -exact || v > exact {
		w.string(strconv.FormatInt(v, 10))
		return
	}
	w.int(v)
}
