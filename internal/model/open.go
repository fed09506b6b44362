package model

import "time"

// OpenFlow is what is known of a trace that is not counted yet. Exporters send
// spans when they end, so that what still runs is not in it. It is read-only.
type OpenFlow struct {
	TraceID     TraceID
	Operation   string // empty until the root or an attribute names it
	Environment string
	Start       int64  // Unix ns, of the earliest span
	End         int64  // Unix ns, of the latest span
	RootService Node   // zero until the root came
	RootName    string // likewise
	Services    []Node // in the order they were heard of, at most MaxOpenServices
	Current     Node   // the service of the span that ended last
	SpanCount   uint32 // spans that came, repeats included
	ErrorCount  uint32 // of them that say they failed
}

// MaxOpenServices bounds what an OpenFlow lists.
const MaxOpenServices = 64

// OpenFlows is what is open at a moment.
type OpenFlows struct {
	List  []*OpenFlow // those that spans came of last
	Total int         // all that are open
	At    time.Time
}
