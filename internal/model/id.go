package model

import (
	"encoding/hex"
	"errors"
)

// TraceID names a trace. The zero TraceID is invalid.
type TraceID [16]byte

// SpanID names a span within its trace. The zero SpanID means "none".
type SpanID [8]byte

// ErrTraceID says that a string is not a trace id.
var ErrTraceID = errors.New("a trace id is 32 hexadecimal digits, not all zero")

// IsZero reports whether the id is the invalid one.
func (t TraceID) IsZero() bool { return t == TraceID{} }

// IsZero reports whether the id means "none".
func (s SpanID) IsZero() bool { return s == SpanID{} }

// String is the id as 32 lower-case hexadecimal digits.
func (t TraceID) String() string { return hex.EncodeToString(t[:]) }

// String is the id as 16 lower-case hexadecimal digits.
func (s SpanID) String() string { return hex.EncodeToString(s[:]) }

// ParseTraceID reads 32 hexadecimal digits of either case. It returns
// ErrTraceID for anything else, the zero id included.
func ParseTraceID(s string) (TraceID, error) {
	var t TraceID
	if len(s) != 2*len(t) {
		return TraceID{}, ErrTraceID
	}
	if _, err := hex.Decode(t[:], []byte(s)); err != nil || t.IsZero() {
		return TraceID{}, ErrTraceID
	}
	return t, nil
}
