package block

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"

	"github.com/flowscope/flowscope/internal/model"
)

// appendText appends the text of a value as the attrs columns hold it: a string
// as it is, a bool as true or false, an int in decimals, a double in the
// shortest decimals that read back the same ("NaN:" and its bits in hex for a
// NaN), bytes in base64, an array or a map as the base64 of its OTLP encoding.
func appendText(dst []byte, v model.Value) []byte {
	switch v.Type {
	case model.TypeString:
		return append(dst, v.Str...)
	case model.TypeBool:
		return strconv.AppendBool(dst, v.Bool())
	case model.TypeInt:
		return strconv.AppendInt(dst, v.Int(), 10)
	case model.TypeDouble:
		if math.IsNaN(v.Double()) {
			return strconv.AppendUint(append(dst, nanPrefix...), v.Bits, 16)
		}
		return strconv.AppendFloat(dst, v.Double(), 'g', -1, 64)
	case model.TypeBytes, model.TypeArray, model.TypeMap:
		return base64.StdEncoding.AppendEncode(dst, []byte(v.Str))
	default:
		return dst
	}
}

const nanPrefix = "NaN:"

// parseText reads what appendText wrote. A string's Str shares p's memory.
func parseText(typ model.ValueType, p string) (v model.Value, err error) {
	v.Type = typ
	switch typ {
	case model.TypeEmpty:
	case model.TypeString:
		v.Str = p
	case model.TypeBool:
		if p == "true" {
			v.Bits = 1
		}
	case model.TypeInt:
		var n int64
		n, err = strconv.ParseInt(p, 10, 64)
		v.Bits = uint64(n)
	case model.TypeDouble:
		v.Bits, err = parseDouble(p)
	case model.TypeBytes, model.TypeArray, model.TypeMap:
		var raw []byte
		raw, err = base64.StdEncoding.DecodeString(p)
		v.Str = string(raw)
	default:
		err = fmt.Errorf("attribute of type %d", typ)
	}
	return v, err
}

func parseDouble(p string) (bits uint64, err error) {
	if len(p) > len(nanPrefix) && p[:len(nanPrefix)] == nanPrefix {
		return strconv.ParseUint(p[len(nanPrefix):], 16, 64)
	}
	f, err := strconv.ParseFloat(p, 64)
	return math.Float64bits(f), err
}
