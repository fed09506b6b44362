package model

import (
	"encoding/base64"
	"math"
	"strconv"
	"unicode/utf8"
)

// Text is a value as the API shows it, without the quotes around a text: a
// string itself, true or false, a number in decimals, NaN, Infinity, bytes in
// base64, an array or a map in JSON, and null for an empty value.
func (v Value) Text() string {
	if v.Type == TypeString {
		return v.Str
	}
	return string(v.appendText(nil))
}

// appendText appends what Text returns.
func (v Value) appendText(dst []byte) []byte {
	switch v.Type {
	case TypeString:
		return append(dst, v.Str...)
	case TypeBool:
		return strconv.AppendBool(dst, v.Bool())
	case TypeInt:
		return strconv.AppendInt(dst, v.Int(), 10)
	case TypeDouble:
		return appendDouble(dst, v.Double())
	case TypeBytes:
		return base64.StdEncoding.AppendEncode(dst, []byte(v.Str))
	case TypeArray:
		return v.appendArray(dst)
	case TypeMap:
		return v.appendMap(dst)
	default:
		return append(dst, "null"...)
	}
}

func appendDouble(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	default:
		return strconv.AppendFloat(dst, f, 'g', -1, 64)
	}
}

// AppendJSON appends a value as a person would write it in JSON, without its
// type. Integers that a JavaScript number cannot hold exactly, and NaN and the
// infinities, are strings; bytes are base64; an empty value is null.
func (v Value) AppendJSON(dst []byte) []byte {
	if !v.quoted() {
		return v.appendText(dst)
	}
	if v.Type == TypeString {
		return AppendJSONString(dst, v.Str)
	}
	return append(v.appendText(append(dst, '"')), '"') // decimals, base64 and names of floats need no escape
}

func (v Value) quoted() bool {
	switch v.Type {
	case TypeString, TypeBytes:
		return true
	case TypeInt:
		const exact = 1 << 53 // beyond it doubles skip integers
		return v.Int() < -exact || v.Int() > exact
	case TypeDouble:
		return math.IsNaN(v.Double()) || math.IsInf(v.Double(), 0)
	default:
		return false
	}
}

func (v Value) appendArray(dst []byte) []byte {
	dst = append(dst, '[')
	for el := range v.Elements {
		dst = append(el.AppendJSON(dst), ',')
	}
	return closed(dst, '[', ']')
}

func (v Value) appendMap(dst []byte) []byte {
	seen := map[string]bool{}
	dst = append(dst, '{')
	for key, el := range v.Entries {
		if !seen[key] {
			seen[key] = true
			dst = append(el.AppendJSON(append(AppendJSONString(dst, key), ':')), ',')
		}
	}
	return closed(dst, '{', '}')
}

// closed puts the closing bracket where a list's last comma is.
func closed(dst []byte, opening, closing byte) []byte {
	if dst[len(dst)-1] == opening {
		return append(dst, closing)
	}
	dst[len(dst)-1] = closing
	return dst
}

// AppendJSONString appends a string in quotes. Bytes that are not UTF-8 become
// U+FFFD.
func AppendJSONString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	plain := 0 // where the bytes begin that need no escape
	for i := 0; i < len(s); {
		r, size := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[i:])
		}
		if esc := escape(r, size); esc != "" {
			dst = append(append(dst, s[plain:i]...), esc...)
			plain = i + size
		}
		i += size
	}
	return append(append(dst, s[plain:]...), '"')
}

// escape is how a character is written, empty when it is written as it is. The
// line separators are escaped because JavaScript before 2019 ends lines at
// them, even inside strings.
func escape(r rune, size int) string {
	const controls = "0123456789abcdef"
	switch {
	case r == '"':
		return `\"`
	case r == '\\':
		return `\\`
	case r == '\n':
		return `\n`
	case r == '\t':
		return `\t`
	case r == '\r':
		return `\r`
	case r < ' ':
		return `\u00` + controls[r>>4:r>>4+1] + controls[r&15:r&15+1]
	case r == utf8.RuneError && size == 1:
		return `\ufffd`
	case r == '\u2028':
		return `\u2028`
	case r == '\u2029':
		return `\u2029`
	}
	return ""
}
