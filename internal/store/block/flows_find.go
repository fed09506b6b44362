package block

import (
	"context"
	"slices"

	"github.com/parquet-go/parquet-go"

	"github.com/flowscope/flowscope/internal/model"
)

// FlowHit is a flow's row in a block: enough to sort by and to know which of
// two rows of one flow is the newer.
type FlowHit struct {
	TraceID  model.TraceID
	Revision uint32
	Start    int64
	Duration int64
	Row      int64 // in flows.parquet
}

// MatchFlow reports whether a query selects a flow.
func MatchFlow(f *model.FlowSummary, q *model.FlowQuery) bool {
	return f.Start >= q.From && (q.To == 0 || f.Start < q.To) &&
		(q.Operation == "" || f.Operation == q.Operation) &&
		(q.Environment == "" || f.Environment == q.Environment) &&
		(q.Status == nil || f.Status == *q.Status) &&
		matchDuration(f.Duration, q) &&
		(q.Service == "" && q.Namespace == "" || slices.ContainsFunc(f.Services, func(n model.Node) bool {
			return (q.Service == "" || n.Name == q.Service) && (q.Namespace == "" || n.Namespace == q.Namespace)
		}))
}

func matchDuration(d int64, q *model.FlowQuery) bool {
	return d >= int64(q.MinDuration) && (q.MaxDuration == 0 || d <= int64(q.MaxDuration))
}

// FindFlows returns the flows of the block that a query selects. It reads only
// the columns the query asks about.
func (b *Block) FindFlows(ctx context.Context, q *model.FlowQuery) ([]FlowHit, error) {
	return b.FindFlowsOf(ctx, q, nil)
}

// FlowChoice narrows the flows of a query down to those that a search can still
// find.
type FlowChoice struct {
	Until int64                    // all that started until then, Unix ns
	Trace func(model.TraceID) bool // and of the others those it reports true for
}

// FindFlowsOf is FindFlows for the flows of a choice; nil is all.
func (b *Block) FindFlowsOf(ctx context.Context, q *model.FlowQuery, choice *FlowChoice) (hits []FlowHit, err error) {
	err = b.eachSelected(ctx, q, func(f *rowFinder, rows rowSet, base int64) error {
		if choice != nil {
			if rows, err = f.chosen(rows, choice); err != nil {
				return err
			}
		}
		found, err := f.flowHits(rows)
		for _, h := range found {
			h.Row += base
			hits = append(hits, h)
		}
		return err
	})
	return hits, err
}

// CountFlows is how many flows of the block a query selects.
func (b *Block) CountFlows(ctx context.Context, q *model.FlowQuery) (n int64, err error) {
	err = b.eachSelected(ctx, q, func(_ *rowFinder, rows rowSet, _ int64) error {
		n += rows.count()
		return nil
	})
	return n, err
}

// eachSelected calls yield with the rows of each row group that a query selects,
// and with the number of rows before the group.
func (b *Block) eachSelected(ctx context.Context, q *model.FlowQuery, yield func(f *rowFinder, rows rowSet, base int64) error) error {
	if b.Meta.Flows == 0 || b.Meta.FlowMaxStart < q.From || (q.To != 0 && b.Meta.FlowMinStart >= q.To) {
		return nil
	}
	within := b.Meta.FlowMinStart >= q.From && (q.To == 0 || b.Meta.FlowMaxStart < q.To)
	base := int64(0)
	return b.read(ctx, flowsFile, func(group parquet.RowGroup) error {
		f := b.rowFinder(ctx, group)
		rows, err := f.selected(q, within)
		if err == nil {
			err = yield(f, rows, base)
		}
		base += group.NumRows()
		return err
	})
}

// chosen returns the rows of a choice.
func (f *rowFinder) chosen(rows rowSet, c *FlowChoice) (rowSet, error) {
	out, err := f.numbers(rows, "start_unix_nano", func(v uint64) bool { return int64(v) <= c.Until })
	if err != nil {
		return nil, err
	}
	if c.Trace == nil {
		return out, nil
	}
	others := rows.without(out)
	var at []int
	others.eachIn(0, f.rows, func(row int) { at = append(at, row) })
	return out, f.eachID(others, func(i int, id []byte) {
		if c.Trace(model.TraceID(id)) {
			out.add(at[i])
		}
	})
}

// selected narrows the rows of a row group down, the cheapest column first.
func (f *rowFinder) selected(q *model.FlowQuery, within bool) (rowSet, error) {
	rows, err := allRows(f.rows), error(nil)
	narrow := func(wanted bool, by func() (rowSet, error)) {
		if err == nil && wanted {
			rows, err = by()
		}
	}
	text := func(column, want string) {
		narrow(want != "", func() (rowSet, error) {
			return f.texts(rows, []string{column}, false, func(p []byte) bool { return textOf(p) == want })
		})
	}
	number := func(column string, wanted bool, holds func(v uint64) bool) {
		narrow(wanted, func() (rowSet, error) { return f.numbers(rows, column, holds) })
	}
	text("operation", q.Operation)
	text("deployment_environment", q.Environment)
	number("status", q.Status != nil, func(v uint64) bool { return statusOf(int32(v)) == *q.Status })
	number("start_unix_nano", !within, func(v uint64) bool { return int64(v) >= q.From && (q.To == 0 || int64(v) < q.To) })
	number("duration_nano", q.MinDuration > 0 || q.MaxDuration > 0, func(v uint64) bool { return matchDuration(int64(v), q) })
	narrow(q.Service != "" || q.Namespace != "", func() (rowSet, error) { return f.reached(rows, q) })
	return rows, err
}

// reached returns the rows with the wanted service. Name and namespace are two
// columns of one list, so value i of both belongs to one element.
func (f *rowFinder) reached(asked rowSet, q *model.FlowQuery) (rowSet, error) {
	at := func(leaf string) []string { return []string{"services", "list", "element", leaf} }
	is := func(want string) func([]byte) bool { return func(p []byte) bool { return textOf(p) == want } }
	switch {
	case q.Namespace == "":
		return f.texts(asked, at("name"), false, is(q.Service))
	case q.Service == "":
		return f.texts(asked, at("namespace"), false, is(q.Namespace))
	}
	named, err := f.texts(asked, at("name"), false, is(q.Service))
	if err == nil {
		named, err = f.texts(named, at("namespace"), false, is(q.Namespace))
	}
	if err != nil {
		return nil, err
	}
	var elements []listEntry // of the name
	err = f.pages(named, at("name"), func(from, _ int, p parquet.Page) error {
		text := bytesOf(p)
		return eachEntry(from, p, func(row, i int) error {
			if named.has(row) && textOf(text(i)) == q.Service {
				elements = append(elements, listEntry{row: row, at: i})
			}
			return nil
		})
	})
	out := newRowSet(f.rows)
	if err != nil {
		return out, err
	}
	return out, f.pages(named, at("namespace"), func(_, to int, p parquet.Page) error {
		text := bytesOf(p)
		for ; len(elements) > 0 && elements[0].row < to; elements = elements[1:] {
			if textOf(text(elements[0].at)) == q.Namespace {
				out.add(elements[0].row)
			}
		}
		return nil
	})
}

// flowHits reads what makes hits of rows.
func (f *rowFinder) flowHits(rows rowSet) ([]FlowHit, error) {
	hits := make([]FlowHit, 0, rows.count())
	rows.eachIn(0, f.rows, func(row int) { hits = append(hits, FlowHit{Row: int64(row)}) })
	var err error
	number := func(column string, set func(h *FlowHit, v uint64)) {
		if err == nil {
			err = f.eachNumber(rows, []string{column}, func(i int, v uint64) { set(&hits[i], v) })
		}
	}
	number("start_unix_nano", func(h *FlowHit, v uint64) { h.Start = int64(v) })
	number("duration_nano", func(h *FlowHit, v uint64) { h.Duration = int64(v) })
	number("revision", func(h *FlowHit, v uint64) { h.Revision = uint32(v) })
	if err == nil {
		err = f.eachID(rows, func(i int, id []byte) { copy(hits[i].TraceID[:], id) })
	}
	return hits, err
}

// RevisedFlows returns the flows of the block that replace a row of an older
// one, whatever a query would say of them.
func (b *Block) RevisedFlows(ctx context.Context) (hits []FlowHit, err error) {
	if b.Meta.Revised == 0 {
		return nil, nil
	}
	base := int64(0)
	err = b.read(ctx, flowsFile, func(group parquet.RowGroup) error {
		f := b.rowFinder(ctx, group)
		rows, err := f.numbers(allRows(f.rows), "revision", func(v uint64) bool { return v > 0 })
		if err != nil {
			return err
		}
		found, err := f.flowHits(rows)
		for _, h := range found {
			h.Row += base
			hits = append(hits, h)
		}
		base += group.NumRows()
		return err
	})
	return hits, err
}

// Flow returns the flow of a trace, false when the block has none.
func (b *Block) Flow(ctx context.Context, id model.TraceID) (f model.FlowSummary, ok bool, err error) {
	maybe, err := b.mayHave(flowsFile, b.Meta.FlowFilter, id)
	if err != nil || !maybe {
		return f, false, err
	}
	err = b.read(ctx, flowsFile, func(group parquet.RowGroup) error {
		at, err := rowOf(group, id)
		if err != nil || at < 0 {
			return err
		}
		err = readRows(group, rowRange{at, at + 1}, func(r *flowRow) bool {
			f, ok = rowToFlow(r), true
			return false
		})
		if err == nil {
			err = errStop
		}
		return err
	})
	return f, ok, err
}

// rowOf is the row of a flow in a row group, -1 when it has none. Flows are sorted
// by start, so it looks at all ids.
func rowOf(group parquet.RowGroup, id model.TraceID) (row int64, err error) {
	chunk, err := chunkOf(group, "trace_id")
	if err != nil {
		return -1, err
	}
	row = -1
	err = readFixed(chunk, rowRange{0, group.NumRows()}, func(at int, p []byte) error {
		if string(p) == string(id[:]) {
			row = int64(at)
			return errStop
		}
		return nil
	})
	return row, stopped(err)
}

// FlowIDs returns the trace ids of all flows of the block.
func (b *Block) FlowIDs(ctx context.Context) ([]model.TraceID, error) {
	if b.Meta.Flows == 0 {
		return nil, nil
	}
	out := make([]model.TraceID, 0, b.Meta.Flows)
	err := b.read(ctx, flowsFile, func(group parquet.RowGroup) error {
		chunk, err := chunkOf(group, "trace_id")
		if err != nil {
			return err
		}
		return readFixed(chunk, rowRange{0, group.NumRows()}, func(_ int, p []byte) error {
			out = append(out, model.TraceID(p))
			return nil
		})
	})
	return out, err
}

// Flows returns all flows of the block, for merging.
func (b *Block) Flows(ctx context.Context) ([]*model.FlowSummary, error) {
	var out []*model.FlowSummary
	err := b.read(ctx, flowsFile, func(group parquet.RowGroup) error {
		return readRows(group, rowRange{0, group.NumRows()}, func(r *flowRow) bool {
			f := rowToFlow(r)
			out = append(out, &f)
			return true
		})
	})
	return out, err
}
