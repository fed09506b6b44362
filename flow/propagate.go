package flow

import (
	"context"
	"encoding/hex"
	"net/http"
	"strings"
)

// SpanContext is what one process tells another of a running operation, so
// that both record one flow: the headers of W3C Trace Context.
type SpanContext struct {
	TraceID TraceID
	SpanID  SpanID
	Sampled bool
	State   string // tracestate, handed on as it came; one that no header can carry is none
}

// Valid reports whether both ids are there.
func (s SpanContext) Valid() bool { return !s.TraceID.IsZero() && !s.SpanID.IsZero() }

const (
	traceparentHeader = "Traceparent"
	tracestateHeader  = "Tracestate"
	baggageHeader     = "Baggage"
	// traceparentLen is the length of version 00, and of the part of later
	// versions that is known.
	traceparentLen = 55
	// maxState is what W3C asks everybody to hand on.
	maxState = 512
)

// ParseTraceparent reads a traceparent header, and reports false for one that
// is not what W3C Trace Context describes.
func ParseTraceparent(header string) (SpanContext, bool) {
	var s SpanContext
	if len(header) < traceparentLen || header[2] != '-' || header[35] != '-' || header[52] != '-' {
		return s, false
	}
	var version, flags [1]byte
	ok := lowerHex(version[:], header[:2]) && lowerHex(s.TraceID[:], header[3:35]) &&
		lowerHex(s.SpanID[:], header[36:52]) && lowerHex(flags[:], header[53:55])
	switch {
	case !ok, !s.Valid(), version[0] == 0xff,
		version[0] == 0 && len(header) != traceparentLen,
		len(header) > traceparentLen && header[traceparentLen] != '-':
		return SpanContext{}, false
	}
	s.Sampled = flags[0]&1 != 0
	return s, true
}

// lowerHex decodes lower-case hexadecimal digits.
func lowerHex(dst []byte, digits string) bool {
	for i := range dst {
		high, low := digit(digits[2*i]), digit(digits[2*i+1])
		if high|low > 0xf {
			return false
		}
		dst[i] = high<<4 | low
	}
	return true
}

func digit(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	default:
		return 0xff
	}
}

// Traceparent is the context as a traceparent header.
func (s SpanContext) Traceparent() string {
	buf := make([]byte, traceparentLen)
	copy(buf, "00-")
	hex.Encode(buf[3:], s.TraceID[:])
	buf[35] = '-'
	hex.Encode(buf[36:], s.SpanID[:])
	copy(buf[52:], "-00")
	if s.Sampled {
		buf[54] = '1'
	}
	return string(buf)
}

// stateOf is a tracestate that is text which W3C allows, else none: it goes into
// headers and into OTLP as it is, and may come from anybody.
func stateOf(s string) string {
	if !isPrintable(s) {
		return ""
	}
	return s
}

// Extract reads the caller's context and baggage from the headers of a request
// or a message. The context it returns carries the baggage. A header that is
// malformed is as one that is not there.
func Extract(ctx context.Context, h http.Header) (context.Context, SpanContext) {
	caller, known := SpanContext{}, false
	if values := h[traceparentHeader]; len(values) == 1 { // two callers are none
		caller, known = ParseTraceparent(values[0])
	}
	if known {
		if state := strings.Join(h[tracestateHeader], ","); len(state) <= maxState {
			caller.State = stateOf(state)
		}
	}
	if values := h[baggageHeader]; len(values) > 0 {
		if b := parseBaggage(values); b != nil {
			ctx = context.WithValue(ctx, baggageKey{}, b)
		}
	}
	return ctx, caller
}

// Inject writes the running operation and the baggage of ctx into headers.
func Inject(ctx context.Context, h http.Header) {
	if op := current(ctx); op != nil {
		s := op.SpanContext()
		h[traceparentHeader] = []string{s.Traceparent()}
		if s.State != "" {
			h[tracestateHeader] = []string{s.State}
		} else {
			delete(h, tracestateHeader) // of another flow: a proxy's headers are its caller's
		}
	}
	if b := baggageOf(ctx); b != nil {
		h[baggageHeader] = []string{b.String()}
	}
}
