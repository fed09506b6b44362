package sketch

import (
	"encoding/binary"
	"errors"
	"math"
)

// ErrCorrupt says that bytes are not an encoded sketch.
var ErrCorrupt = errors.New("sketch: corrupt encoding")

// version is the first byte of every encoded sketch.
const version = 1

// AppendBinary appends the encoded sketch:
//
//	version  1 byte, 1
//	count    zig-zag varint
//	zero     zig-zag varint
//	sum      8 bytes, little-endian IEEE 754
//	min,max  uvarint each, ns
//	n        uvarint, then n times:
//	  index  zig-zag varint, difference to the one before
//	  count  zig-zag varint
func (s *Sketch) AppendBinary(dst []byte) ([]byte, error) {
	dst = append(dst, version)
	dst = binary.AppendVarint(dst, s.count)
	dst = binary.AppendVarint(dst, s.zero)
	dst = binary.LittleEndian.AppendUint64(dst, math.Float64bits(s.sum))
	dst = binary.AppendUvarint(dst, uint64(s.min))
	dst = binary.AppendUvarint(dst, uint64(s.max))
	dst = binary.AppendUvarint(dst, uint64(len(s.buckets)))
	last := int32(0)
	for _, b := range s.buckets {
		dst = binary.AppendVarint(dst, int64(b.Index-last))
		dst = binary.AppendVarint(dst, b.Count)
		last = b.Index
	}
	return dst, nil
}

// UnmarshalBinary replaces s by the sketch encoded in p. It returns ErrCorrupt
// for anything AppendBinary did not write.
func (s *Sketch) UnmarshalBinary(p []byte) error {
	d := decoder{p: p}
	if d.byte() != version {
		return ErrCorrupt
	}
	out := Sketch{count: d.varint(), zero: d.varint(), sum: d.float()}
	out.min, out.max = int64(d.uvarint()), int64(d.uvarint())
	n := d.uvarint()
	if d.bad || n > uint64(len(d.p))/2 || out.min < 0 || out.max < 0 {
		return ErrCorrupt
	}
	out.buckets = make([]Bucket, 0, n)
	last, first := int64(0), true
	for range n {
		step, count := d.varint(), d.varint()
		if d.bad || (!first && step <= 0) || step > math.MaxInt32 || step < math.MinInt32 {
			return ErrCorrupt
		}
		last, first = last+step, false
		if last > math.MaxInt32 || last < math.MinInt32 {
			return ErrCorrupt
		}
		out.buckets = append(out.buckets, Bucket{int32(last), count})
	}
	if d.bad || len(d.p) != 0 {
		return ErrCorrupt
	}
	*s = out
	return nil
}

// decoder reads values off p and remembers whether any was missing.
type decoder struct {
	p   []byte
	bad bool
}

func (d *decoder) byte() byte {
	if len(d.p) == 0 {
		d.bad = true
		return 0
	}
	c := d.p[0]
	d.p = d.p[1:]
	return c
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.p)
	return v * d.took(n)
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.p)
	return v * uint64(d.took(n))
}

// took moves past n bytes and returns 1, or marks the input bad and returns 0.
func (d *decoder) took(n int) int64 {
	if n <= 0 {
		d.bad = true
		return 0
	}
	d.p = d.p[n:]
	return 1
}

func (d *decoder) float() float64 {
	if len(d.p) < 8 {
		d.bad = true
		return 0
	}
	v := math.Float64frombits(binary.LittleEndian.Uint64(d.p))
	d.p = d.p[8:]
	return v
}
