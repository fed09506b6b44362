package model

import (
	"errors"
	"time"
)

// ErrNotFound says that there is no trace or flow of that id.
var ErrNotFound = errors.New("not found")

// ErrPartial says that something could not be read: what is missing from the
// answer may be there.
var ErrPartial = errors.New("a damaged block may have it")

// FlowQuery selects flows. Zero fields select everything.
type FlowQuery struct {
	From, To    int64 // Unix ns: flows that started in [From, To); a zero To has no bound
	Operation   string
	Environment string
	Service     string // a service the flow reached
	Namespace   string // of that service
	Status      *FlowStatus
	MinDuration time.Duration
	MaxDuration time.Duration // 0 has no bound
	ByDuration  bool          // longest first instead of newest first
	Offset      int
	Limit       int
}

// FlowPage is one page of the flows a query selects.
type FlowPage struct {
	Flows   []FlowSummary
	Total   int  // how many the query selects in all
	Partial bool // some blocks could not be read; Total and Flows leave them out
}

// RollupQuery selects rollups whose minute overlaps [From, To), and says how
// much of them is added up. Zero fields select everything.
type RollupQuery struct {
	From, To    int64 // Unix ns; a zero To has no bound
	Operation   string
	Environment string
	// Step cuts the time from From, rounded down to a minute, into slots; it is
	// a multiple of RollupBucket. Zero makes one slot of all of it.
	Step time.Duration
	// Parts are the parts of the rollups that are wanted, zero being all. The
	// others are empty.
	Parts RollupParts
}

// RollupParts are parts of a rollup.
type RollupParts uint8

// The parts of a rollup: its flows' counts, latency and LastSeen; the nodes of
// its graph; the edges.
const (
	RollupFlows RollupParts = 1 << iota
	RollupNodes
	RollupEdges
)

// Has reports whether a part is wanted.
func (p RollupParts) Has(part RollupParts) bool { return p == 0 || p&part != 0 }

// Rollups are the rollups a query selects, one of each slot, operation and
// environment that has any, in no order. Their Bucket is where the slot begins.
type Rollups struct {
	List    []*Rollup
	Partial bool // some blocks could not be read; their counts are missing
}

// SeenResources are the resources of a stretch of time.
type SeenResources struct {
	List    []SeenResource
	Partial bool // some blocks could not be read; theirs are missing
}

// SeenResource is a resource and when spans of it were seen.
type SeenResource struct {
	ResourceInfo
	First, Last int64 // Unix ns: start of the earliest, end of the latest span
}
