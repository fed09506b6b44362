package model

// FlowStatus is how a flow ended.
type FlowStatus uint8

// The ways a flow ends.
const (
	FlowSuccess FlowStatus = iota
	FlowError
	FlowTimeout // the root failed by a deadline or a 504, or never ended
)

// String names the status as the API does.
func (s FlowStatus) String() string { return [...]string{"success", "error", "timeout"}[s] }

// FlowSummary is the row a flow leaves in lists: everything but its graph. Its
// strings are its own; they do not hold a batch in memory.
type FlowSummary struct {
	TraceID     TraceID // also the flow's id: a flow is its trace
	Operation   string
	Environment string
	Start       int64 // Unix ns, of the earliest span
	End         int64 // Unix ns, of the latest span
	Duration    int64 // ns, of the root; from Start to End when there is no root
	Status      FlowStatus
	RootService Node   // the service of the root span
	RootName    string // the root span's name
	UIEvent     string // the ui.event attribute
	User        string // enduser.pseudo.id, never a plain name or address
	Session     string // session.id
	Error       string // the first error's message, cut to 256 bytes
	Services    []Node // service nodes, in the order the flow reached them
	SpanCount   uint32
	ErrorCount  uint32 // spans that failed
	Orphans     uint32 // spans whose parent is not there
	NoRoot      bool   // the root span never came
	Revision    uint32 // counts the times late spans changed the flow; the highest wins
}

// Shape is the way a flow took, apart from its times. Flows of one operation
// have few shapes between them and share them: a shape is read-only.
type Shape struct {
	Nodes []Node // that were visited, each once, in the order they were reached
	Edges []Edge // of the calls
}

// Visit is what one flow did at the node of its shape that has the same index.
type Visit struct {
	Requests uint32
	Errors   uint32
	Self     int64 // ns
	Critical int64 // ns
}

// Call is one call along the edge of its flow's shape that has the same index.
type Call struct {
	Latency int64 // ns
	Failed  bool
	Retry   bool
	Broken  bool // refused by an open circuit breaker
}

// Flow is what analysing a trace yields: its row, and what it adds to rollups.
// Lists keep the row, so that it does not change once the flow was counted.
type Flow struct {
	*FlowSummary
	Shape     *Shape
	Visits    []Visit
	Latencies []int64 // ns, one a request, visit by visit
	Calls     []Call
}
