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

// RollupQuery selects rollups whose bucket overlaps [From, To). Zero fields
// select everything.
type RollupQuery struct {
	From, To    int64 // Unix ns; a zero To has no bound
	Operation   string
	Environment string
}

// SeenResource is a resource and when spans of it were seen.
type SeenResource struct {
	ResourceInfo
	First, Last int64 // Unix ns: start of the earliest, end of the latest span
}
