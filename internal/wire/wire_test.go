package wire

import (
	"bytes"
	"math"
	"testing"
)

func TestRoundTrip(t *testing.T) {
	b := AppendUvarint(nil, 1, math.MaxUint64)
	b = AppendUint64(b, 2, 7)
	b = AppendUint32(b, 3, 9)
	b = AppendMessage(b, 4, func(b []byte) []byte {
		return AppendBytes(b, 5, bytes.Repeat([]byte{'x'}, 300))
	})

	num, typ, i := Tag(b, 0)
	v, i := Uvarint(b, i)
	if num != 1 || typ != Varint || v != math.MaxUint64 {
		t.Fatalf("varint: field %d type %d value %d", num, typ, v)
	}
	num, typ, i = Tag(b, i)
	v, i = Uint64(b, i)
	if num != 2 || typ != Fixed64 || v != 7 {
		t.Fatalf("fixed64: field %d type %d value %d", num, typ, v)
	}
	num, typ, i = Tag(b, i)
	w, i := Uint32(b, i)
	if num != 3 || typ != Fixed32 || w != 9 {
		t.Fatalf("fixed32: field %d type %d value %d", num, typ, w)
	}
	num, typ, i = Tag(b, i)
	msg, i := Span(b, i)
	if num != 4 || typ != Bytes || i != len(b) {
		t.Fatalf("message: field %d type %d next %d of %d", num, typ, i, len(b))
	}
	num, _, j := Tag(msg, 0)
	p, j := Span(msg, j)
	if num != 5 || len(p) != 300 || j != len(msg) {
		t.Fatalf("inner: field %d, %d bytes, next %d of %d", num, len(p), j, len(msg))
	}
}

func TestMalformed(t *testing.T) {
	for name, b := range map[string][]byte{
		"empty":            {},
		"endless varint":   bytes.Repeat([]byte{0x80}, 20),
		"varint overflow":  {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02},
		"field zero":       {0x00},
		"truncated varint": {0x80},
	} {
		if _, _, next := Tag(b, 0); next != Bad {
			t.Errorf("%s: Tag accepted it, next %d", name, next)
		}
	}
	if _, next := Span([]byte{5, 1, 2}, 0); next != Bad {
		t.Error("Span read past the buffer")
	}
	for _, typ := range []Type{Fixed64, Fixed32, Bytes, Varint, 3, 4, 6, 7} {
		if next := Skip(nil, 0, typ); next != Bad {
			t.Errorf("Skip type %d of nothing: next %d", typ, next)
		}
	}
}

// FuzzWalk asserts that walking any bytes ends, stays inside them, and always
// moves forward.
func FuzzWalk(f *testing.F) {
	f.Add(AppendBytes(AppendUint64(nil, 2, 1), 3, "abc"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for i := 0; i < len(b); {
			_, typ, next := Tag(b, i)
			if next < 0 {
				return
			}
			next = Skip(b, next, typ)
			if f, same := ReadField(b, i); same != next {
				t.Fatalf("at %d Skip ends at %d, ReadField at %d with %+v", i, next, same, f)
			}
			if next < 0 {
				return
			}
			if next <= i || next > len(b) {
				t.Fatalf("from %d to %d of %d", i, next, len(b))
			}
			i = next
		}
	})
}

// TestReadField reads the same fields with ReadField and with the primitives
// it stands for, one-byte tags and lengths as well as longer ones.
func TestReadField(t *testing.T) {
	b := AppendUvarint(nil, 1, 300)
	b = AppendUint64(b, 2, 7)
	b = AppendUint32(b, 3, 9)
	b = AppendBytes(b, 15, "short")
	b = AppendBytes(b, 16, "two-byte tag")
	b = AppendBytes(b, 4, bytes.Repeat([]byte{'x'}, 200))
	b = AppendBytes(b, 5, "")
	want := []Field{
		{Tag: 1 << 3, Bits: 300},
		{Tag: 2<<3 | 1, Bits: 7},
		{Tag: 3<<3 | 5, Bits: 9},
		{Tag: 15<<3 | 2, Bytes: []byte("short")},
		{Tag: 16<<3 | 2, Bytes: []byte("two-byte tag")},
		{Tag: 4<<3 | 2, Bytes: bytes.Repeat([]byte{'x'}, 200)},
		{Tag: 5<<3 | 2},
	}
	i := 0
	for _, w := range want {
		var f Field
		f, i = ReadField(b, i)
		if f.Tag != w.Tag || f.Bits != w.Bits || !bytes.Equal(f.Bytes, w.Bytes) {
			t.Fatalf("got %+v, want %+v", f, w)
		}
		if cap(f.Bytes) != len(f.Bytes) {
			t.Errorf("field %d: appending to it would overwrite the message", f.Tag>>3)
		}
	}
	if i != len(b) {
		t.Fatalf("read %d of %d bytes", i, len(b))
	}
}

// TestReadFieldTruncated cuts a message everywhere: inside a field there is
// nothing to read.
func TestReadFieldTruncated(t *testing.T) {
	for _, b := range [][]byte{
		AppendUvarint(nil, 1, 300),
		AppendUint64(nil, 2, 7),
		AppendUint32(nil, 3, 9),
		AppendBytes(nil, 4, "abc"),
		AppendBytes(nil, 400, "abc"),
	} {
		for n := range b {
			if _, next := ReadField(b[:n], 0); next != Bad {
				t.Errorf("% x: next %d", b[:n], next)
			}
		}
	}
	// Field zero, the groups, an undefined type.
	for _, b := range [][]byte{{0x02, 0x00}, {0x0b, 0x00}, {0x0c, 0x00}, {0x0f, 0x00}} {
		if _, next := ReadField(b, 0); next != Bad {
			t.Errorf("% x: next %d", b, next)
		}
	}
}
