package encode

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"

	"github.com/flowscope/flowscope/internal/model"
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
	w.dst = model.AppendJSONString(w.dst, s)
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

func (w *writer) uint(v uint64) { w.comma(); w.dst = strconv.AppendUint(w.dst, v, 10) }
func (w *writer) bool(v bool)   { w.comma(); w.dst = strconv.AppendBool(w.dst, v) }

// double appends a number, and a string for what JSON has no number for.
func (w *writer) double(v model.Value) { w.comma(); w.dst = v.AppendJSON(w.dst) }
