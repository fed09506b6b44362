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
	out, n := d.head()
	if d.bad {
		return ErrCorrupt
	}
	out.buckets = make([]Bucket, 0, n)
	at := int64(0)
	for i := range n {
		step, count, ok := d.pair()
		at += step
		if !ok || (i > 0 && step <= 0) || step > highest+1 || at < lowest || at > highest {
			return ErrCorrupt
		}
		out.buckets = append(out.buckets, Bucket{int32(at), count})
	}
	if len(d.p) != 0 {
		return ErrCorrupt
	}
	*s = out
	return nil
}

// head reads what comes before the buckets, and how many they are: never more
// than there are bytes for.
func (d *decoder) head() (out Sketch, buckets uint64) {
	if d.byte() != version {
		d.bad = true
	}
	out = Sketch{count: d.varint(), zero: d.varint(), sum: d.float()}
	out.min, out.max = int64(d.uvarint()), int64(d.uvarint())
	buckets = d.uvarint()
	if buckets > uint64(len(d.p))/2 || out.min < 0 || out.max < 0 {
		d.bad = true
	}
	return out, buckets
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

// pair reads the two varints of a bucket. Most are of one byte each.
func (d *decoder) pair() (step, count int64, ok bool) {
	if p := d.p; len(p) >= 2 && p[0]|p[1] < 0x80 {
		d.p = p[2:]
		return int64(p[0]>>1) ^ -int64(p[0]&1), int64(p[1]>>1) ^ -int64(p[1]&1), true
	}
	step, count = d.varint(), d.varint()
	return step, count, !d.bad
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
