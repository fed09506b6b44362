package flow

// Decision is what becomes of a flow.
type Decision uint8

const (
	// Keep records the flow, keeps it in the history and exports it.
	Keep Decision = iota
	// Measure records and counts the flow with all its steps, then forgets it,
	// unless it failed or was slow.
	Measure
	// Drop counts the flow and how long it took, and nothing below it: its
	// steps cost next to nothing and are in no statistics.
	Drop
)

// Sampler decides what becomes of a flow when it begins. Whatever it decides,
// flows are counted; and those that fail or are slow are kept unless they were
// dropped. Sample is called by many goroutines at once, in the request, and must not
// panic.
type Sampler interface {
	Sample(Beginning) Decision
}

// Beginning is what is known of a flow that begins.
type Beginning struct {
	TraceID TraceID
	Name    string
	Kind    Kind
	Parent  SpanContext // the caller in another process; zero when there is none
	Attrs   []Attr      // as Start was given them; not to be kept
	// Operation is what the flow was said to be, by flow.operation among the
	// attributes or in the caller's baggage; empty when nobody did.
	Operation string
}
