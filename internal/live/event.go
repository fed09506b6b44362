package live

import "github.com/flowscope/flowscope/internal/model"

// Kind is what happened to a flow.
type Kind uint8

// The kinds of event.
const (
	Start    Kind = iota // its trace was first seen
	Update               // more spans came
	Complete             // it was counted, or counted again with late spans
)

// String names the kind as the API does.
func (k Kind) String() string { return [...]string{"flow_start", "flow_update", "flow_complete"}[k] }

// NoProgress is the progress of a flow whose operation has no history.
const NoProgress = -1

// Event is something that happened to a flow. Events are read-only.
type Event struct {
	Kind     Kind
	Open     *model.OpenFlow    // of Start and Update
	Flow     *model.FlowSummary // of Complete
	Progress int                // 0 to 99, an estimate, or NoProgress
	At       int64              // Unix ns, of Start and Update: when that was known
}

// size is about how many bytes an event keeps in memory.
func (e Event) size() int64 {
	const structs, node = 400, 40
	if e.Flow != nil {
		f := e.Flow
		return int64(structs + node*len(f.Services) + len(f.Error) + len(f.User) + len(f.Session))
	}
	return int64(structs + node*len(e.Open.Services))
}

// duration is 0 while the flow is open.
func (e Event) duration() int64 {
	if e.Flow == nil {
		return 0
	}
	return e.Flow.Duration
}

func (e Event) labels() (operation, environment string, services []model.Node) {
	if e.Flow != nil {
		return e.Flow.Operation, e.Flow.Environment, e.Flow.Services
	}
	return e.Open.Operation, e.Open.Environment, e.Open.Services
}

// Dropped is how many events that a follower may have wanted it was not given.
type Dropped struct {
	Reason Reason
	Count  uint64 // at most so many; 0 when nobody can know
}

// Reason is why events were dropped. The words are stable.
type Reason string

// The reasons.
const (
	Overtaken Reason = "overtaken" // newer events took their place before they were read
	Rate      Reason = "rate"      // there were more than followers are given
	Gap       Reason = "gap"       // the cursor is of before a restart, or of before a time when nobody followed
)
