package block

import (
	"context"
	"errors"
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
	if b.Meta.Flows == 0 || b.Meta.FlowMaxStart < q.From || (q.To != 0 && b.Meta.FlowMinStart >= q.To) {
		return nil, nil
	}
	var hits []FlowHit
	base := int64(0)
	err := b.read(ctx, flowsFile, func(group parquet.RowGroup) error {
		found, err := findFlows(group, q)
		for _, h := range found {
			h.Row += base
			hits = append(hits, h)
		}
		base += group.NumRows()
		return err
	})
	return hits, err
}

// flowFilter narrows the rows of a row group down, a column at a time.
type flowFilter struct {
	group parquet.RowGroup
	all   rowRange
	keep  []bool
	err   error
}

func findFlows(group parquet.RowGroup, q *model.FlowQuery) ([]FlowHit, error) {
	all := rowRange{0, group.NumRows()}
	rows := make([]FlowHit, all.to)
	f := &flowFilter{group: group, all: all, keep: make([]bool, all.to)}
	f.each("start_unix_nano", func(row int, v parquet.Value) bool {
		rows[row].Start = v.Int64()
		f.keep[row] = v.Int64() >= q.From && (q.To == 0 || v.Int64() < q.To)
		return f.keep[row]
	})
	f.each("duration_nano", func(row int, v parquet.Value) bool {
		rows[row].Duration = v.Int64()
		return matchDuration(v.Int64(), q)
	})
	f.text("operation", q.Operation)
	f.text("deployment_environment", q.Environment)
	if q.Status != nil {
		f.each("status", func(_ int, v parquet.Value) bool { return statusOf(v.Int32()) == *q.Status })
	}
	f.service(q)
	f.each("revision", func(row int, v parquet.Value) bool { rows[row].Revision = uint32(v.Int64()); return true })
	f.each("trace_id", func(row int, v parquet.Value) bool { copy(rows[row].TraceID[:], v.ByteArray()); return true })
	hits := rows[:0]
	for i := range rows {
		if f.keep[i] {
			rows[i].Row = int64(i)
			hits = append(hits, rows[i])
		}
	}
	return hits, f.err
}

// each reads a column and drops the rows for which test reports false.
func (f *flowFilter) each(column string, test func(row int, v parquet.Value) bool) {
	if f.err == nil {
		f.err = eachValue(f.group, f.all, func(row int, v parquet.Value) error {
			f.keep[row] = test(row, v) && f.keep[row]
			return nil
		}, column)
	}
}

func (f *flowFilter) text(column, want string) {
	if want != "" {
		f.each(column, func(_ int, v parquet.Value) bool { return string(v.ByteArray()) == want })
	}
}

// service keeps the rows with the wanted service. Name and namespace are two
// columns of one list, so value i of both belongs to one element.
func (f *flowFilter) service(q *model.FlowQuery) {
	if q.Service == "" && q.Namespace == "" {
		return
	}
	var named []bool // by element
	has := make([]bool, len(f.keep))
	elements := func(leaf string, each func(row int, v parquet.Value)) {
		if f.err == nil {
			f.err = eachValue(f.group, f.all, func(row int, v parquet.Value) error {
				each(row, v)
				return nil
			}, "services", "list", "element", leaf)
		}
	}
	elements("name", func(_ int, v parquet.Value) {
		named = append(named, !v.IsNull() && (q.Service == "" || string(v.ByteArray()) == q.Service))
	})
	i := 0
	elements("namespace", func(row int, v parquet.Value) {
		match := i < len(named) && named[i] && (q.Namespace == "" || string(v.ByteArray()) == q.Namespace)
		has[row] = has[row] || match
		i++
	})
	for row := range f.keep {
		f.keep[row] = f.keep[row] && has[row]
	}
}

// RevisedFlows returns the flows of the block that replace a row of an older
// one, whatever a query would say of them.
func (b *Block) RevisedFlows(ctx context.Context) ([]FlowHit, error) {
	if b.Meta.Revised == 0 {
		return nil, nil
	}
	hits, err := b.FindFlows(ctx, &model.FlowQuery{})
	return slices.DeleteFunc(hits, func(h FlowHit) bool { return h.Revision == 0 }), err
}

// FlowRows returns flows by their rows, in the order of the rows.
func (b *Block) FlowRows(ctx context.Context, rows []int64) ([]model.FlowSummary, error) {
	out := make([]model.FlowSummary, len(rows))
	order := make([]int, len(rows))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(x, y int) int { return int(rows[x] - rows[y]) })
	base := int64(0)
	err := b.read(ctx, flowsFile, func(group parquet.RowGroup) (err error) {
		in := parquet.NewGenericRowGroupReader[flowRow](group)
		defer func() { err = errors.Join(err, in.Close()) }()
		for ; len(order) > 0 && rows[order[0]] < base+group.NumRows(); order = order[1:] {
			if err := in.SeekToRow(rows[order[0]] - base); err != nil {
				return err
			}
			var row [1]flowRow
			if n, err := in.Read(row[:]); n < 1 {
				return err
			}
			out[order[0]] = rowToFlow(&row[0])
		}
		base += group.NumRows()
		return nil
	})
	return out, err
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
