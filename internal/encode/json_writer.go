package encode

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"strconv"
	"unicode/utf8"
)

// writer appends JSON. It puts the commas: before each key and each item that
// is not the first of its object or array.
type writer struct {
	dst   []byte
	start int // what is before it is not ours
}

func newWriter(dst []byte) *writer { return &writer{dst, len(dst)} }

// open begins an object or an array.
func (w *writer) open(bracket byte) { w.comma(); w.dst = append(w.dst, bracket) }

// close ends an object or an array.
func (w *writer) close(bracket byte) { w.dst = append(w.dst, bracket) }

// comma separates what comes from what is there, where JSON calls for it.
func (w *writer) comma() {
	if len(w.dst) == w.start {
		return
	}
	switch w.dst[len(w.dst)-1] {
	case '{', '[', ':', ',':
	default:
		w.dst = append(w.dst, ',')
	}
}

// key begins an object's entry.
func (w *writer) key(k string) { w.string(k); w.dst = append(w.dst, ':') }

// string appends a string. Bytes that are not UTF-8 become U+FFFD.
func (w *writer) string(s string) {
	w.comma()
	dst := append(w.dst, '"')
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
	w.dst = append(append(dst, s[plain:]...), '"')
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

// quoted appends what fill appends, which needs no escapes, as a string.
func (w *writer) quoted(fill func([]byte) []byte) {
	w.comma()
	w.dst = append(fill(append(w.dst, '"')), '"')
}

func (w *writer) hex(p []byte) {
	w.quoted(func(dst []byte) []byte { return hex.AppendEncode(dst, p) })
}

func (w *writer) base64(s string) {
	w.quoted(func(dst []byte) []byte { return base64.StdEncoding.AppendEncode(dst, []byte(s)) })
}

func (w *writer) int(v int64)   { w.comma(); w.dst = strconv.AppendInt(w.dst, v, 10) }
func (w *writer) uint(v uint64) { w.comma(); w.dst = strconv.AppendUint(w.dst, v, 10) }
func (w *writer) bool(v bool)   { w.comma(); w.dst = strconv.AppendBool(w.dst, v) }
func (w *writer) null()         { w.comma(); w.dst = append(w.dst, "null"...) }

// double appends a number, and a string for what JSON has no number for.
func (w *writer) double(v float64) {
	switch {
	case math.IsNaN(v):
		w.string("NaN")
	case math.IsInf(v, 1):
		w.string("Infinity")
	case math.IsInf(v, -1):
		w.string("-Infinity")
	default:
		w.comma()
		w.dst = strconv.AppendFloat(w.dst, v, 'g', -1, 64)
	}
}
