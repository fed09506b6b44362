package inprocess

import (
	"slices"
	"sync"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/decode"
	"github.com/flowscope/flowscope/internal/model"
)

// kept is what is known of the flows in the recorder's history: their rows,
// brought up to date when somebody asks. Whoever calls its methods locks it.
type kept struct {
	sync.Mutex
	source   Source
	analyzer *analyze.Analyzer
	next     uint64                   // the number of the record to go on from
	flows    map[model.TraceID]*entry // of those that have a record
	records  []place                  // in their order
	resource *model.SeenResource
	stale    map[model.TraceID]*entry // whose rows are not those of their records; empty but during sync
}

// entry is a flow in the history.
type entry struct {
	row     model.FlowSummary
	records []uint64 // several when operations ended late, or when a flow came back to the process
}

type place struct {
	number uint64
	id     model.TraceID
}

func newKept(s Source, c analyze.Config) *kept {
	return &kept{source: s, analyzer: analyze.New(c), flows: map[model.TraceID]*entry{}, stale: map[model.TraceID]*entry{}}
}

// sync takes up what was kept since, and lets go what made room for it. A flow
// of many records is analysed once, when all are known.
func (k *kept) sync() {
	for {
		records, next, missed := k.source.Kept(k.next)
		first := k.next + missed
		for i, record := range records {
			k.add(first+uint64(i), record)
		}
		k.next = next
		if len(records) == 0 {
			break
		}
	}
	first, _ := k.source.Bounds()
	k.forget(first)
	for id, e := range k.stale {
		if t := k.read(id, e); t != nil {
			e.row = *k.analyse(t)
		}
	}
	clear(k.stale)
}

// add takes up a record.
func (k *kept) add(number uint64, record []byte) {
	batch := batchOf(k.source, record)
	if batch == nil {
		return
	}
	id := batch.TraceIDs[0]
	e := k.flows[id]
	if e == nil {
		e = &entry{row: *k.analyse(traceOf(id, batch))}
		k.flows[id] = e
	} else {
		k.stale[id] = e
	}
	e.records = append(e.records, number)
	k.records = append(k.records, place{number, id})
	if k.resource == nil {
		k.resource = &model.SeenResource{ResourceInfo: *batch.Span(0).Resource(), First: e.row.Start}
	}
	k.resource.First, k.resource.Last = min(k.resource.First, e.row.Start), max(k.resource.Last, e.row.End)
}

func (k *kept) analyse(t *model.Trace) *model.FlowSummary {
	defer forget(k.analyzer, t)
	return k.analyzer.Flow(t).FlowSummary
}

// forget lets go the records before a number.
func (k *kept) forget(before uint64) {
	n := 0
	for ; n < len(k.records) && k.records[n].number < before; n++ {
		id := k.records[n].id
		e := k.flows[id]
		e.records = slices.Delete(e.records, 0, 1) // they are in their order
		k.stale[id] = e
		if len(e.records) == 0 {
			delete(k.flows, id)
			delete(k.stale, id)
		}
	}
	k.records = slices.Delete(k.records, 0, n)
}

// trace returns a flow's spans, or model.ErrNotFound.
func (k *kept) trace(id model.TraceID) (*model.Trace, error) {
	e := k.flows[id]
	if e == nil {
		return nil, model.ErrNotFound
	}
	t := k.read(id, e)
	if t == nil {
		return nil, model.ErrNotFound
	}
	return t, nil
}

// read decodes an entry's records, nil when none is left.
func (k *kept) read(id model.TraceID, e *entry) *model.Trace {
	var batches []*model.Batch
	for _, number := range e.records {
		if record := k.source.Record(number); record != nil {
			batches = append(batches, batchOf(k.source, record))
		}
	}
	return traceOf(id, batches...)
}

// rows are the rows of all flows.
func (k *kept) rows() []model.FlowSummary {
	rows := make([]model.FlowSummary, 0, len(k.flows))
	for _, e := range k.flows {
		rows = append(rows, e.row)
	}
	return rows
}

// batchOf decodes a record, nil when there is nothing in it.
func batchOf(s Source, record []byte) *model.Batch {
	b := &model.Batch{}
	if _, err := decode.Proto(b, s.Request([][]byte{record})); err != nil || b.Len() == 0 {
		return nil // the recorder writes what decode reads; its tests hold it to that
	}
	b.Seal()
	return b
}

// traceOf is batches as one trace, each span once, nil when there is none.
func traceOf(id model.TraceID, batches ...*model.Batch) *model.Trace {
	t := &model.Trace{ID: id}
	seen := map[model.SpanKey]bool{}
	for _, b := range batches {
		if b == nil {
			continue
		}
		for i := range b.Len() {
			if s := b.Span(i); !seen[s.Key()] {
				seen[s.Key()] = true
				t.Spans = append(t.Spans, s)
			}
		}
	}
	if len(t.Spans) == 0 {
		return nil
	}
	return t
}
