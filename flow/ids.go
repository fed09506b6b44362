package flow

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"math/rand/v2"
)

// TraceID names a flow across services: the trace id of W3C Trace Context and
// OpenTelemetry. The zero TraceID is invalid.
type TraceID [16]byte

// SpanID names an operation within its trace. The zero SpanID means "none".
type SpanID [8]byte

// IsZero reports whether the id is the invalid one.
func (t TraceID) IsZero() bool { return t == TraceID{} }

// IsZero reports whether the id means "none".
func (s SpanID) IsZero() bool { return s == SpanID{} }

// String is the id as 32 lower-case hexadecimal digits.
func (t TraceID) String() string { return hex.EncodeToString(t[:]) }

// String is the id as 16 lower-case hexadecimal digits.
func (s SpanID) String() string { return hex.EncodeToString(s[:]) }

// MarshalText is String.
func (t TraceID) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// MarshalText is String, and empty for no id.
func (s SpanID) MarshalText() ([]byte, error) {
	if s.IsZero() {
		return nil, nil
	}
	return []byte(s.String()), nil
}

var errTraceID = errors.New("a trace id is 32 hexadecimal digits, not all zero")

// ParseTraceID reads 32 hexadecimal digits of either case.
func ParseTraceID(s string) (TraceID, error) {
	var t TraceID
	if len(s) != 2*len(t) {
		return TraceID{}, errTraceID
	}
	if _, err := hex.Decode(t[:], []byte(s)); err != nil || t.IsZero() {
		return TraceID{}, errTraceID
	}
	return t, nil
}

// newTraceID returns a random id. The generator is the runtime's own, seeded by
// the system and kept per thread: ids have to differ, not to be secret.
func newTraceID() TraceID {
	var t TraceID
	binary.BigEndian.PutUint64(t[:8], rand.Uint64())
	binary.BigEndian.PutUint64(t[8:], rand.Uint64()|1)
	return t
}

// spanID is the id that a number stands for.
func spanID(n uint64) SpanID {
	var s SpanID
	binary.BigEndian.PutUint64(s[:], n)
	return s
}

// number is the number that stands for an id.
func (s SpanID) number() uint64 { return binary.BigEndian.Uint64(s[:]) }
