package model

import (
	"unsafe"

	"github.com/flowscope/flowscope/internal/wire"
)

// MaxDepth is how deep arrays and maps may nest. It is above what any SDK
// emits and keeps hostile input from exhausting the stack.
const MaxDepth = 32

// The tags of the fields a value is made of: number times 8, plus wire type.
const (
	tagString = wire.AnyString<<3 | 2
	tagBool   = wire.AnyBool << 3
	tagInt    = wire.AnyInt << 3
	tagDouble = wire.AnyDouble<<3 | 1
	tagArray  = wire.AnyArray<<3 | 2
	tagMap    = wire.AnyMap<<3 | 2
	tagBytes  = wire.AnyBytes<<3 | 2
	tagItem   = wire.ListValues<<3 | 2
	tagKey    = wire.KeyValueKey<<3 | 2
	tagValue  = wire.KeyValueValue<<3 | 2
)

// ParseAnyValue reads the encoding of an AnyValue, whose nesting starts at
// depth. It reports false for malformed bytes and for nesting over MaxDepth.
// The last known field wins, as protobuf has it for a oneof; unknown ones are
// skipped. The value's Str is a view into b.
func ParseAnyValue(b []byte, depth int) (Value, bool) {
	if len(b) >= 2 && b[0] == tagString && b[1] < 0x80 && int(b[1]) == len(b)-2 {
		return Value{Type: TypeString, Str: view(b[2:])}, true // what most values are
	}
	var v Value
	for i := 0; i < len(b); {
		var f wire.Field
		if f, i = wire.ReadField(b, i); i < 0 {
			return Value{}, false
		}
		switch f.Tag {
		case tagString:
			v = Value{Type: TypeString, Str: view(f.Bytes)}
		case tagBool:
			v = Value{Type: TypeBool, Bits: min(f.Bits, 1)}
		case tagInt:
			v = Value{Type: TypeInt, Bits: f.Bits}
		case tagDouble:
			v = Value{Type: TypeDouble, Bits: f.Bits}
		case tagBytes:
			v = Value{Type: TypeBytes, Str: view(f.Bytes)}
		case tagArray:
			if !validList(f.Bytes, validElement, depth+1) {
				return Value{}, false
			}
			v = Value{Type: TypeArray, Str: view(f.Bytes)}
		case tagMap:
			if !validList(f.Bytes, validEntry, depth+1) {
				return Value{}, false
			}
			v = Value{Type: TypeMap, Str: view(f.Bytes)}
		}
	}
	return v, true
}

// ParseKeyValue splits the encoding of a KeyValue into its key and the
// encoding of its value, views into b. It reports false for malformed bytes.
// A value that comes in parts is joined, which is how protobuf merges them.
func ParseKeyValue(b []byte) (key, value []byte, ok bool) {
	if key, value, ok = splitShort(b); ok {
		return key, value, true
	}
	for i := 0; i < len(b); {
		var f wire.Field
		if f, i = wire.ReadField(b, i); i < 0 {
			return nil, nil, false
		}
		switch {
		case f.Tag == tagKey:
			key = f.Bytes
		case f.Tag == tagValue && value == nil:
			value = f.Bytes
		case f.Tag == tagValue:
			value = append(value, f.Bytes...) // copies: a view's capacity is its length
		}
	}
	return key, value, true
}

// splitShort splits what most attributes are: a key and a value in either
// order, both shorter than 128 bytes. SDKs send the key first, collectors the
// value.
func splitShort(b []byte) (key, value []byte, ok bool) {
	if len(b) < 4 || b[1] >= 0x80 {
		return nil, nil, false
	}
	end := 2 + int(b[1])
	if end+2 > len(b) || b[end+1] >= 0x80 || int(b[end+1]) != len(b)-end-2 {
		return nil, nil, false
	}
	first, second := b[2:end:end], b[end+2:]
	switch [2]byte{b[0], b[end]} {
	case [2]byte{tagKey, tagValue}:
		return first, second, true
	case [2]byte{tagValue, tagKey}:
		return second, first, true
	}
	return nil, nil, false
}

// Elements yields the elements of a TypeArray in order.
func (v Value) Elements(yield func(Value) bool) {
	eachItem(bytesOf(v.Str), func(item []byte) bool {
		el, ok := ParseAnyValue(item, 0)
		return ok && yield(el)
	})
}

// Entries yields the entries of a TypeMap in order.
func (v Value) Entries(yield func(string, Value) bool) {
	eachItem(bytesOf(v.Str), func(item []byte) bool {
		key, value, ok := ParseKeyValue(item)
		if !ok {
			return false
		}
		el, ok := ParseAnyValue(value, 0)
		return ok && yield(view(key), el)
	})
}

// validList checks that b is a well-formed ArrayValue or KeyValueList.
func validList(b []byte, valid func(item []byte, depth int) bool, depth int) bool {
	return depth <= MaxDepth && eachItem(b, func(item []byte) bool { return valid(item, depth) })
}

func validElement(item []byte, depth int) bool {
	_, ok := ParseAnyValue(item, depth)
	return ok
}

func validEntry(item []byte, depth int) bool {
	_, value, ok := ParseKeyValue(item)
	return ok && validElement(value, depth)
}

// eachItem calls yield with each item of an ArrayValue or KeyValueList. It
// reports false when yield did or when b is malformed.
func eachItem(b []byte, yield func(item []byte) bool) bool {
	for i := 0; i < len(b); {
		var f wire.Field
		if f, i = wire.ReadField(b, i); i < 0 || f.Tag == tagItem && !yield(f.Bytes) {
			return false
		}
	}
	return true
}

// view is b as a string that shares its memory.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// bytesOf is s as bytes that share its memory and must not be changed.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
