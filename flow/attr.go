package flow

import (
	"encoding/binary"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/flowscope/flowscope/internal/wire"
)

// Attr is one fact about an operation: a key and a typed value, held without
// boxing. Keys are best taken from OpenTelemetry's semantic conventions:
// db.system.name, server.address and peer.service name what is called and draw
// it in the flow graph.
type Attr struct {
	key  string
	text string
	bits uint64
	kind valueKind
}

type valueKind uint8

const (
	textValue valueKind = iota
	boolValue
	intValue
	floatValue
)

// String is a text. It is cut to 16 KiB; what is not UTF-8 in it is replaced.
func String(key, value string) Attr { return Attr{key: key, text: value} }

// Int is a whole number.
func Int(key string, value int) Attr { return Int64(key, int64(value)) }

// Int64 is a whole number.
func Int64(key string, value int64) Attr {
	return Attr{key: key, bits: uint64(value), kind: intValue}
}

// Float64 is a number.
func Float64(key string, value float64) Attr {
	return Attr{key: key, bits: math.Float64bits(value), kind: floatValue}
}

// Bool is true or false.
func Bool(key string, value bool) Attr {
	a := Attr{key: key, kind: boolValue}
	if value {
		a.bits = 1
	}
	return a
}

// Duration is a length of time, kept in whole nanoseconds.
func Duration(key string, value time.Duration) Attr { return Int64(key, int64(value)) }

// Key is the attribute's name.
func (a Attr) Key() string { return a.key }

// Value is the attribute's value: a string, bool, int64 or float64.
func (a Attr) Value() any {
	switch a.kind {
	case boolValue:
		return a.bits != 0
	case intValue:
		return int64(a.bits)
	case floatValue:
		return math.Float64frombits(a.bits)
	default:
		return a.text
	}
}

// Text is the value as people read it.
func (a Attr) Text() string {
	switch a.kind {
	case boolValue:
		return strconv.FormatBool(a.bits != 0)
	case intValue:
		return strconv.FormatInt(int64(a.bits), 10)
	case floatValue:
		return strconv.FormatFloat(math.Float64frombits(a.bits), 'g', -1, 64)
	default:
		return a.text
	}
}

const (
	// maxText bounds one text, in bytes: statements fit, bodies do not.
	maxText = 16 << 10
	// maxKey bounds a key, in bytes.
	maxKey = 256
)

// appendAttr appends the attribute as field num of a message: an OTLP KeyValue.
func appendAttr(dst []byte, num uint32, a *Attr) []byte {
	return appendKeyed(dst, num, plain(a.key, maxKey), a)
}

// appendKeyed is appendAttr with the key as it is kept. What it appends, it never
// has to move: lengths are worked out first.
func appendKeyed(dst []byte, num uint32, key string, a *Attr) []byte {
	text := ""
	value := 2 // tag and one byte
	switch a.kind {
	case boolValue:
	case intValue:
		value = 1 + uvarintLen(a.bits)
	case floatValue:
		value = 1 + 8
	default:
		text = plain(a.text, maxText)
		value = 1 + uvarintLen(uint64(len(text))) + len(text)
	}
	size := 1 + uvarintLen(uint64(len(key))) + len(key) + 1 + uvarintLen(uint64(value)) + value
	dst = append(dst, byte(num<<3|uint32(wire.Bytes)))
	dst = binary.AppendUvarint(dst, uint64(size))
	dst = append(dst, wire.KeyValueKey<<3|byte(wire.Bytes))
	dst = binary.AppendUvarint(dst, uint64(len(key)))
	dst = append(dst, key...)
	dst = append(dst, wire.KeyValueValue<<3|byte(wire.Bytes))
	dst = binary.AppendUvarint(dst, uint64(value))
	switch a.kind {
	case boolValue:
		return append(dst, wire.AnyBool<<3|byte(wire.Varint), byte(a.bits))
	case intValue:
		return binary.AppendUvarint(append(dst, wire.AnyInt<<3|byte(wire.Varint)), a.bits)
	case floatValue:
		return binary.LittleEndian.AppendUint64(append(dst, wire.AnyDouble<<3|byte(wire.Fixed64)), a.bits)
	default:
		dst = append(dst, wire.AnyString<<3|byte(wire.Bytes))
		dst = binary.AppendUvarint(dst, uint64(len(text)))
		return append(dst, text...)
	}
}

// setAttr appends an attribute to encoded ones, in place of one of that key.
func setAttr(attrs []byte, num uint32, a *Attr) []byte {
	name := plain(a.key, maxKey)
	for i := 0; i < len(attrs); {
		size, body := wire.Uvarint(attrs, i+1) // tags are one byte
		length, key := wire.Uvarint(attrs, body+1)
		next := body + int(size)
		if int(length) == len(name) && string(attrs[key:key+int(length)]) == name {
			kept := make([]byte, 0, len(attrs)+len(a.text)+attrSize)
			kept = append(append(kept, attrs[:i]...), attrs[next:]...)
			return appendKeyed(kept, num, name, a)
		}
		i = next
	}
	return appendKeyed(attrs, num, name, a)
}

// textOf is the text of an attribute among encoded ones, empty when there is none.
func textOf(attrs []byte, key string) string {
	for i := 0; i < len(attrs); {
		var pair wire.Field
		pair, i = wire.ReadField(attrs, i)
		name, at := wire.ReadField(pair.Bytes, 0)
		if string(name.Bytes) != key {
			continue
		}
		value, _ := wire.ReadField(pair.Bytes, at)
		text, _ := wire.ReadField(value.Bytes, 0)
		return string(text.Bytes)
	}
	return ""
}

// plain is text that OTLP takes: valid UTF-8 of at most limit bytes.
func plain(s string, limit int) string {
	if len(s) > limit {
		s = s[:limit]
		for len(s) > 0 && !utf8.RuneStart(s[len(s)-1]) {
			s = s[:len(s)-1]
		}
		if r, size := utf8.DecodeLastRuneInString(s); r == utf8.RuneError && size == 1 {
			s = s[:len(s)-1]
		}
	}
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}

// kept is plain text that does not keep all alive that it was cut from.
func kept(s string, limit int) string {
	if len(s) > limit {
		return strings.Clone(plain(s, limit))
	}
	return plain(s, limit)
}

// uvarintLen is how many bytes v takes as a varint.
func uvarintLen(v uint64) int {
	n := 1
	for ; v >= 0x80; v >>= 7 {
		n++
	}
	return n
}

// decodeAttrs reads encoded attributes.
func decodeAttrs(attrs []byte) []Attr {
	var out []Attr
	for i := 0; i < len(attrs); {
		var pair wire.Field
		pair, i = wire.ReadField(attrs, i)
		key, at := wire.ReadField(pair.Bytes, 0)
		value, _ := wire.ReadField(pair.Bytes, at)
		field, _ := wire.ReadField(value.Bytes, 0)
		a := Attr{key: string(key.Bytes), bits: field.Bits}
		switch field.Tag >> 3 {
		case wire.AnyBool:
			a.kind = boolValue
		case wire.AnyInt:
			a.kind = intValue
		case wire.AnyDouble:
			a.kind = floatValue
		default:
			a.text = string(field.Bytes)
		}
		out = append(out, a)
	}
	return out
}
