package model

import "github.com/flowscope/flowscope/internal/wire"

// AppendAnyValue appends v's OTLP encoding, the AnyValue message.
func AppendAnyValue(dst []byte, v Value) []byte {
	switch v.Type {
	case TypeString:
		return wire.AppendBytes(dst, wire.AnyString, v.Str)
	case TypeBool:
		return wire.AppendUvarint(dst, wire.AnyBool, v.Bits)
	case TypeInt:
		return wire.AppendUvarint(dst, wire.AnyInt, v.Bits)
	case TypeDouble:
		return wire.AppendUint64(dst, wire.AnyDouble, v.Bits)
	case TypeBytes:
		return wire.AppendBytes(dst, wire.AnyBytes, v.Str)
	case TypeArray:
		return wire.AppendBytes(dst, wire.AnyArray, v.Str)
	case TypeMap:
		return wire.AppendBytes(dst, wire.AnyMap, v.Str)
	default:
		return dst
	}
}

// AppendKeyValue appends the OTLP encoding of a KeyValue message.
func AppendKeyValue(dst []byte, key string, v Value) []byte {
	dst = wire.AppendBytes(dst, wire.KeyValueKey, key)
	return wire.AppendMessage(dst, wire.KeyValueValue, func(b []byte) []byte { return AppendAnyValue(b, v) })
}

// AppendElement appends one element to the encoding of a TypeArray.
func AppendElement(dst []byte, v Value) []byte {
	return wire.AppendMessage(dst, wire.ListValues, func(b []byte) []byte { return AppendAnyValue(b, v) })
}

// AppendEntry appends one entry to the encoding of a TypeMap.
func AppendEntry(dst []byte, key string, v Value) []byte {
	return wire.AppendMessage(dst, wire.ListValues, func(b []byte) []byte { return AppendKeyValue(b, key, v) })
}
