package inprocess

import "github.com/flowscope/flowscope/internal/model"

const (
	// maxRecent is how many flows are remembered that may come back: with late
	// operations, or with another run in this process.
	maxRecent      = 512
	maxRecentBytes = 1 << 20
	// maxParts and maxPartBytes are how many records of one flow are analysed
	// together: each time one is added all are. A loop that was begun with a
	// request's context may add them for ever.
	maxParts     = 64
	maxPartBytes = maxRecentBytes / 4
)

// recent is the flows that may come back, in the order that they were first seen.
type recent struct {
	flows map[model.TraceID]*remembered
	order []model.TraceID
	bytes int
}

// remembered is a flow as it was counted, and what it was counted from.
type remembered struct {
	flow    *model.Flow
	records [][]byte
	bytes   int
}

// full reports whether no more is added to the flow.
func (e *remembered) full() bool { return len(e.records) >= maxParts || e.bytes >= maxPartBytes }

func (r *recent) put(id model.TraceID, f *model.Flow, record []byte) {
	e := r.flows[id]
	if e == nil {
		e = &remembered{}
		r.flows[id] = e
		r.order = append(r.order, id)
	}
	e.flow = f
	e.records = append(e.records, record)
	e.bytes += len(record)
	r.bytes += len(record)
	for len(r.order) > maxRecent || r.bytes > maxRecentBytes && len(r.order) > 1 {
		r.bytes -= r.flows[r.order[0]].bytes
		delete(r.flows, r.order[0])
		r.order = r.order[1:]
	}
}
