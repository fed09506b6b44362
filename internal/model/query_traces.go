package model

import "time"

// TraceQuery asks for the traces whose flow and spans a filter selects. A trace
// is found from when its flow has been counted.
type TraceQuery struct {
	From, To   int64        // Unix ns: traces that started in [From, To); a zero To has no bound
	Filter     *TraceFilter // nil selects all
	ByDuration bool         // longest first instead of newest first
	Limit      int          // traces on a page, at least 1
	After      *TraceCursor // where the page before ended
}

// TraceCursor is where a page ended. What comes later than it was made does not
// move it.
type TraceCursor struct {
	From, To int64 // of the first page's query
	Low      int64 // traces that started before it are left for after this stretch
	Last     *TracePlace
}

// TracePlace is a trace's place in the order.
type TracePlace struct {
	Start    int64 // Unix ns
	Duration int64 // ns
	TraceID  TraceID
}

// TracePage is one page of found traces.
type TracePage struct {
	Traces []FoundTrace
	// Next is where to go on, nil at the end. It is also nil when a limit was
	// hit before anything was decided: only a narrower query helps then.
	Next *TraceCursor
	// Partial is why the page is not all it could be, nil when it is.
	Partial []PartialReason
	Scanned Scanned
}

// FoundTrace is a trace and its spans that the filter's conditions on spans
// select.
type FoundTrace struct {
	FlowSummary
	Matched int    // spans for which one of the conditions holds
	Samples []Span // the first of them by start, at most SampleSpans
}

// SampleSpans is how many spans a found trace shows: enough to see why it was
// found; the rest is one click away.
const SampleSpans = 3

// PartialReason is why an answer is not complete. The words are stable.
type PartialReason string

// The reasons.
const (
	PartialTime   PartialReason = "time_limit"
	PartialBytes  PartialReason = "bytes_limit"
	PartialRows   PartialReason = "rows_limit"
	PartialDamage PartialReason = "damaged_block" // what it held is missing
)

// Scanned is what an answer cost.
type Scanned struct {
	Blocks int64 // whose rows were looked at
	Rows   int64 // spans and flows whose conditions were evaluated
	Bytes  int64 // of compressed columns of spans that were read
}

// Add adds what another part cost.
func (s *Scanned) Add(o Scanned) {
	s.Blocks += o.Blocks
	s.Rows += o.Rows
	s.Bytes += o.Bytes
}

// FindLimits bound what one TraceQuery may cost.
type FindLimits struct {
	Time  time.Duration
	Rows  int64
	Bytes int64
}
