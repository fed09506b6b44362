package model

import "math"

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
// that they cost nothing until somebody reads them; see Value.Elements and
// Value.Entries.
type Attr struct {
	Key  Ref
	Type ValueType
	Bits uint64
}

// Value is an attribute's value apart from its row. Str holds a string, the
// content of bytes, or the OTLP encoding of an array or a map; it shares the
// memory the value was read from.
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
