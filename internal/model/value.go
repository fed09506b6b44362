package model

import (
	"math"

	"github.com/flowscope/flowscope/internal/wire"
)

// ValueType is the type of an attribute's value.
type ValueType uint8

// The types of OTLP's AnyValue.
const (
	TypeEmpty ValueType = iota
	TypeString
	TypeBool
	TypeInt
	TypeDouble
	TypeBytes
	TypeArray
	TypeMap
)

// Attr is one attribute of a batch: 16 bytes, its strings interned.
//
// Bits holds the value: a bool as 0 or 1, an int64 or float64 as its bits, and
// the Ref of a string or bytes. Arrays and maps are the Ref of their OTLP
// encoding (the ArrayValue or KeyValueList message, already validated), so
// that they cost nothing until somebody reads them; see Batch.Elements and
// Batch.Entries.
type Attr struct {
	Key  Ref
	Type ValueType
	Bits uint64
}

// Value is an attribute's value apart from its batch. Str holds a string, the
// content of bytes, or the OTLP encoding of an array or a map.
type Value struct {
	Type ValueType
	Bits uint64
	Str  string
}

// Int is the value of a TypeInt.
func (v Value) Int() int64 { return int64(v.Bits) }

// Double is the value of a TypeDouble.
func (v Value) Double() float64 { return math.Float64frombits(v.Bits) }

// Bool is the value of a TypeBool.
func (v Value) Bool() bool { return v.Bits != 0 }

// Field numbers of opentelemetry/proto/common/v1/common.proto.
const (
	anyString, anyBool, anyInt, anyDouble, anyArray, anyMap, anyBytes = 1, 2, 3, 4, 5, 6, 7

	listValues = 1 // of ArrayValue and KeyValueList
	kvKey      = 1
	kvValue    = 2
)

// MaxDepth is how deep arrays and maps may nest. It is above what any SDK
// emits and keeps hostile input from exhausting the stack.
const MaxDepth = 32

// ParseAnyValue reads the encoding of an AnyValue, whose nesting starts at
// depth. It reports false for malformed bytes and for nesting over MaxDepth.
// The last field of the oneof wins, as protobuf has it.
func ParseAnyValue(b []byte, depth int) (Value, bool) {
	var v Value
	for i := 0; i < len(b); {
		num, typ, next := wire.Tag(b, i)
		if next < 0 {
			return Value{}, false
		}
		field, next, ok := parseAnyField(b, next, num, typ, depth)
		if !ok {
			return Value{}, false
		}
		if field.Type != TypeEmpty {
			v = field
		}
		i = next
	}
	return v, true
}

// parseAnyField reads one field of an AnyValue. An unknown field, or a known
// number with a foreign type, is skipped and yields TypeEmpty.
func parseAnyField(b []byte, i int, num uint32, typ wire.Type, depth int) (v Value, next int, ok bool) {
	switch {
	case typ == wire.Bytes && (num == anyString || num == anyBytes || num == anyArray || num == anyMap):
		p, next := wire.Span(b, i)
		if next < 0 {
			return v, next, false
		}
		v.Type, v.Str = bytesTypes[num], string(p)
		return v, next, num == anyString || num == anyBytes || validList(p, num == anyMap, depth+1)
	case typ == wire.Varint && num == anyBool:
		bits, next := wire.Uvarint(b, i)
		return Value{Type: TypeBool, Bits: min(bits, 1)}, next, next >= 0
	case typ == wire.Varint && num == anyInt:
		bits, next := wire.Uvarint(b, i)
		return Value{Type: TypeInt, Bits: bits}, next, next >= 0
	case typ == wire.Fixed64 && num == anyDouble:
		bits, next := wire.Uint64(b, i)
		return Value{Type: TypeDouble, Bits: bits}, next, next >= 0
	}
	next = wire.Skip(b, i, typ)
	return v, next, next >= 0
}

var bytesTypes = [...]ValueType{anyString: TypeString, anyBytes: TypeBytes, anyArray: TypeArray, anyMap: TypeMap}

// validList checks that p is a well-formed ArrayValue or KeyValueList.
func validList(p []byte, isMap bool, depth int) bool {
	if depth > MaxDepth {
		return false
	}
	ok := true
	walkList(p, func(item []byte) bool {
		if isMap {
			_, item, ok = splitKeyValue(item)
		}
		if ok {
			_, ok = ParseAnyValue(item, depth)
		}
		return ok
	}, func() { ok = false })
	return ok
}

// walkList calls yield with each item of an ArrayValue or KeyValueList until
// it returns false, and bad when the bytes are malformed.
func walkList(p []byte, yield func(item []byte) bool, bad func()) {
	for i := 0; i < len(p); {
		num, typ, next := wire.Tag(p, i)
		if next < 0 {
			bad()
			return
		}
		if num != listValues || typ != wire.Bytes {
			if i = wire.Skip(p, next, typ); i < 0 {
				bad()
				return
			}
			continue
		}
		item, next := wire.Span(p, next)
		if next < 0 {
			bad()
			return
		}
		if !yield(item) {
			return
		}
		i = next
	}
}

// splitKeyValue reads a KeyValue message into its key and its value's bytes.
func splitKeyValue(p []byte) (key, value []byte, ok bool) {
	for i := 0; i < len(p); {
		num, typ, next := wire.Tag(p, i)
		if next < 0 {
			return nil, nil, false
		}
		if typ == wire.Bytes && (num == kvKey || num == kvValue) {
			field, after := wire.Span(p, next)
			if after < 0 {
				return nil, nil, false
			}
			if num == kvKey {
				key = field
			} else {
				value = field
			}
			i = after
			continue
		}
		if i = wire.Skip(p, next, typ); i < 0 {
			return nil, nil, false
		}
	}
	return key, value, true
}

// Elements yields the elements of a TypeArray in order.
func (v Value) Elements(yield func(Value) bool) {
	walkList([]byte(v.Str), func(item []byte) bool {
		el, ok := ParseAnyValue(item, 0)
		return ok && yield(el)
	}, func() {})
}

// Entries yields the entries of a TypeMap in order.
func (v Value) Entries(yield func(string, Value) bool) {
	walkList([]byte(v.Str), func(item []byte) bool {
		key, value, ok := splitKeyValue(item)
		if !ok {
			return false
		}
		el, ok := ParseAnyValue(value, 0)
		return ok && yield(string(key), el)
	}, func() {})
}
