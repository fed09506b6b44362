// Package wire reads and writes the protobuf wire format, the few primitives
// that OTLP needs and nothing else.
//
// Readers take a buffer and an offset and return the offset after what they
// read, or a negative offset when the bytes are not well formed. They never
// allocate, never panic and never read past the buffer, so that a decoder can
// walk untrusted bytes without an object per message.
//
// The format is the one of the Protocol Buffers encoding guide.
package wire

import "encoding/binary"

// Type is the wire type of a field, the low three bits of its tag.
type Type uint8

// The wire types OTLP uses. Groups (3 and 4) are refused as malformed.
const (
	Varint  Type = 0
	Fixed64 Type = 1
	Bytes   Type = 2
	Fixed32 Type = 5
)

// Bad is the offset that every reader returns for malformed input.
const Bad = -1

// Tag reads a field's number and type at i.
func Tag(b []byte, i int) (num uint32, typ Type, next int) {
	v, next := Uvarint(b, i)
	if next < 0 || v>>3 == 0 || v>>3 > 1<<29-1 {
		return 0, 0, Bad
	}
	return uint32(v >> 3), Type(v & 7), next
}

// Uvarint reads a base-128 varint at i.
func Uvarint(b []byte, i int) (v uint64, next int) {
	if uint(i) < uint(len(b)) && b[i] < 0x80 {
		return uint64(b[i]), i + 1
	}
	return uvarintSlow(b, i)
}

func uvarintSlow(b []byte, i int) (v uint64, next int) {
	for shift := uint(0); uint(i) < uint(len(b)) && shift < 64; shift += 7 {
		c := b[i]
		i++
		if shift == 63 && c > 1 {
			return 0, Bad
		}
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return v, i
		}
	}
	return 0, Bad
}

// Uint64 reads a little-endian fixed64 at i.
func Uint64(b []byte, i int) (v uint64, next int) {
	if i < 0 || i > len(b)-8 {
		return 0, Bad
	}
	return binary.LittleEndian.Uint64(b[i:]), i + 8
}

// Uint32 reads a little-endian fixed32 at i.
func Uint32(b []byte, i int) (v uint32, next int) {
	if i < 0 || i > len(b)-4 {
		return 0, Bad
	}
	return binary.LittleEndian.Uint32(b[i:]), i + 4
}

// Span reads a length-delimited field at i and returns its payload, a view
// into b.
func Span(b []byte, i int) (p []byte, next int) {
	n, i := Uvarint(b, i)
	if i < 0 || n > uint64(len(b)-i) {
		return nil, Bad
	}
	end := i + int(n)
	return b[i:end:end], end
}

// Skip passes over a field's value of type typ at i.
func Skip(b []byte, i int, typ Type) (next int) {
	switch typ {
	case Varint:
		_, next = Uvarint(b, i)
	case Fixed64:
		_, next = Uint64(b, i)
	case Bytes:
		_, next = Span(b, i)
	case Fixed32:
		_, next = Uint32(b, i)
	default:
		next = Bad
	}
	return next
}

// Field is one field of a message. Of Bits and Bytes the one that the type
// calls for is set.
type Field struct {
	Tag   uint32 // the number times 8, plus the type
	Bits  uint64 // of Varint, Fixed64 and Fixed32
	Bytes []byte // of Bytes, a view into the message
}

// ReadField reads the field at i, tag and value.
func ReadField(b []byte, i int) (f Field, next int) {
	// Nearly all tags are one byte, and most payloads are under 128.
	if uint(i+1) < uint(len(b)) && b[i] < 0x80 && b[i] >= 8 && Type(b[i]&7) == Bytes && b[i+1] < 0x80 {
		start := i + 2
		end := start + int(b[i+1])
		if end > len(b) {
			return Field{}, Bad
		}
		return Field{Tag: uint32(b[i]), Bytes: b[start:end:end]}, end
	}
	return readFieldSlow(b, i)
}

func readFieldSlow(b []byte, i int) (f Field, next int) {
	num, typ, next := Tag(b, i)
	if next < 0 {
		return f, Bad
	}
	f.Tag = num<<3 | uint32(typ)
	switch typ {
	case Bytes:
		f.Bytes, next = Span(b, next)
	case Varint:
		f.Bits, next = Uvarint(b, next)
	case Fixed64:
		f.Bits, next = Uint64(b, next)
	case Fixed32:
		var bits uint32
		bits, next = Uint32(b, next)
		f.Bits = uint64(bits)
	default:
		next = Bad
	}
	return f, next
}

// AppendTag appends a field's tag.
func AppendTag(dst []byte, num uint32, typ Type) []byte {
	return binary.AppendUvarint(dst, uint64(num)<<3|uint64(typ))
}

// AppendUvarint appends a varint field.
func AppendUvarint(dst []byte, num uint32, v uint64) []byte {
	return binary.AppendUvarint(AppendTag(dst, num, Varint), v)
}

// AppendUint64 appends a fixed64 field.
func AppendUint64(dst []byte, num uint32, v uint64) []byte {
	return binary.LittleEndian.AppendUint64(AppendTag(dst, num, Fixed64), v)
}

// AppendUint32 appends a fixed32 field.
func AppendUint32(dst []byte, num uint32, v uint32) []byte {
	return binary.LittleEndian.AppendUint32(AppendTag(dst, num, Fixed32), v)
}

// AppendBytes appends a length-delimited field.
func AppendBytes[T ~string | ~[]byte](dst []byte, num uint32, p T) []byte {
	dst = binary.AppendUvarint(AppendTag(dst, num, Bytes), uint64(len(p)))
	return append(dst, p...)
}

// AppendMessage appends a length-delimited field whose payload fill appends.
// The payload is written in place and moved once its length is known.
func AppendMessage(dst []byte, num uint32, fill func([]byte) []byte) []byte {
	dst = AppendTag(dst, num, Bytes)
	start := len(dst)
	dst = fill(dst)
	n := len(dst) - start
	var head [binary.MaxVarintLen64]byte
	h := binary.PutUvarint(head[:], uint64(n))
	dst = append(dst, head[:h]...)
	copy(dst[start+h:], dst[start:start+n])
	copy(dst[start:], head[:h])
	return dst
}
