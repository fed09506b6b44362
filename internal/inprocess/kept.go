package inprocess

import (
	"slices"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/decode"
	"github.com/flowscope/flowscope/internal/model"
)

// kept is what is known of the flows in the recorder's history: their rows,
// brought up to date when somebody asks. The caller locks.
type kept struct {
	source   Source
	analyzer *analyze.Analyzer
	next     uint64                   // the number of the record to go on from
	flows    map[model.TraceID]*entry // of those that have a record
	records  []place                  // in their order
	resource *model.SeenResource
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
	return &kept{source: s, analyzer: analyze.New(c), flows: map[model.TraceID]*entry{}}
}

// sync takes up what was kept since, and lets go what made room for it.
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
	_, _, forgotten := k.source.Kept(0)
	k.forget(forgotten)
}

func (k *kept) add(number uint64, record []byte) {
	batch := batchOf(k.source, record)
	if batch == nil {
		return
	}
	id := batch.TraceIDs[0]
	e := k.flows[id]
	if e == nil {
		e = &entry{}
		k.flows[id] = e
	}
	e.records = append(e.records, number)
	k.records = append(k.records, place{number, id})
	t := traceOf(id, batch)
	if len(e.records) > 1 {
		t = k.read(id, e)
	}
	if t == nil {
		return // it was forgotten meanwhile
	}
	e.row = *k.analyzer.Flow(t).FlowSummary
	for _, s := range t.Spans {
		k.analyzer.Forget(s.Batch)
	}
	info := *batch.Span(0).Resource()
	if k.resource == nil {
		k.resource = &model.SeenResource{ResourceInfo: info, First: e.row.Start}
	}
	k.resource.First, k.resource.Last = min(k.resource.First, e.row.Start), max(k.resource.Last, e.row.End)
}

// forget lets go the records before a number.
func (k *kept) forget(before uint64) {
	n := 0
	for ; n < len(k.records) && k.records[n].number < before; n++ {
		p := k.records[n]
		e := k.flows[p.id]
		e.records = slices.DeleteFunc(e.records, func(r uint64) bool { return r < before })
		if len(e.records) == 0 {
			delete(k.flows, p.id)
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
		if record := recordAt(k.source, number); record != nil {
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

// recordAt is one kept record, nil when it was forgotten.
func recordAt(s Source, number uint64) []byte {
	records, _, missed := s.Kept(number)
	if missed > 0 || len(records) == 0 {
		return nil
	}
	return records[0]
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
