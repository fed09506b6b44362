package block

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/parquet-go/parquet-go"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/sketch"
)

// rollupTables are the rows of rollups.parquet, which are minutes, and of
// rollups_coarse.parquet, and the widths of the tiers that are in the latter.
type rollupTables struct {
	minutes []rollupRow
	coarse  []coarseRow
	tiers   []int64
}

// newRollupTables adds minutes up to tiers. A tier that would have more than
// half the rows of the one below is left out: reading that costs little more.
func newRollupTables(rollups []*model.Rollup) (t rollupTables, err error) {
	if t.minutes, err = tierRows(rollups, minuteTier); err != nil {
		return t, err
	}
	below := len(t.minutes)
	for _, width := range coarseTiers() {
		rollups := addUp(rollups, width)
		rows, err := tierRows(rollups, width)
		if err != nil {
			return t, err
		}
		if 2*len(rows) > below {
			continue
		}
		below = len(rows)
		t.tiers = append(t.tiers, width)
		for i := range rows {
			t.coarse = append(t.coarse, coarseRow{width, rows[i]})
		}
	}
	return t, nil
}

// addUp adds rollups up to buckets of a width.
func addUp(rollups []*model.Rollup, width int64) []*model.Rollup {
	sums := map[model.RollupKey]*rollupSum{}
	for _, r := range rollups {
		key := r.RollupKey
		key.Bucket = floorTo(key.Bucket, width)
		sum := sums[key]
		if sum == nil {
			sum = newRollupSum()
			sums[key] = sum
		}
		sum.add(r, 0)
	}
	out := make([]*model.Rollup, 0, len(sums))
	for key, sum := range sums {
		out = append(out, sum.rollup(key))
	}
	return out
}

// tierRows are the rows of a tier. They are sorted by buckets of the next tier
// and within one by what is counted: a query reads whole buckets of the next tier
// or none, of one operation only some pages of each, and neighbours have the same
// names.
func tierRows(rollups []*model.Rollup, width int64) ([]rollupRow, error) {
	var rows []rollupRow
	for _, r := range rollups {
		own, err := entries(r)
		if err != nil {
			return nil, err
		}
		rows = append(rows, own...)
	}
	next := nextWidth(width)
	slices.SortFunc(rows, func(x, y rollupRow) int {
		return cmp.Or(
			cmp.Compare(floorTo(x.Bucket, next), floorTo(y.Bucket, next)), cmp.Compare(x.Entry, y.Entry),
			cmp.Compare(x.Operation, y.Operation), cmp.Compare(x.Environment, y.Environment),
			compareNodes(x.From, y.From), compareNodes(x.To, y.To), cmp.Compare(x.Bucket, y.Bucket),
		)
	})
	return rows, nil
}

// nextWidth is the width of the tier above, that of the last for the last.
func nextWidth(width int64) int64 {
	for _, w := range coarseTiers() {
		if w > width {
			return w
		}
	}
	return width
}

// entries are the rows of one rollup: its flows, its nodes, its edges.
func entries(r *model.Rollup) ([]rollupRow, error) {
	var failed error
	row := func(entry int32, latency *sketch.Sketch) rollupRow {
		p, err := latency.AppendBinary(nil)
		failed = cmp.Or(failed, err)
		return rollupRow{Operation: r.Operation, Environment: r.Environment, Bucket: r.Bucket, Entry: entry, Sketch: p}
	}
	total := row(entryFlows, &r.Latency)
	total.Count, total.Errors, total.Timeouts, total.LastSeen = r.Flows, r.Errors, r.Timeouts, r.LastSeen
	rows := []rollupRow{total}
	for n, s := range r.Graph.Nodes {
		e := row(entryNode, &s.Latency)
		e.From = nodeToRow(n)
		e.Count, e.Errors, e.Self, e.Critical = s.Requests, s.Errors, s.Self, s.Critical
		rows = append(rows, e)
	}
	for n, s := range r.Graph.Edges {
		e := row(entryEdge, &s.Latency)
		e.From, e.To = nodeToRow(n.From), nodeToRow(n.To)
		e.Count, e.Errors, e.Retries, e.Breaks = s.Calls, s.Errors, s.Retries, s.Breaks
		rows = append(rows, e)
	}
	return rows, failed
}

func compareNodes(x, y nodeRow) int {
	return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Namespace, y.Namespace), cmp.Compare(x.Name, y.Name))
}

// MergeRollups adds the block's minutes to those in sums, for merging. On an
// error part of them may have been added.
func (b *Block) MergeRollups(ctx context.Context, sums map[model.RollupKey]*model.Rollup) error {
	return b.read(ctx, rollupsFile, func(group parquet.RowGroup) error {
		var failed error
		err := readRows(group, rowRange{0, group.NumRows()}, func(row *rollupRow) bool {
			key := model.RollupKey{Bucket: row.Bucket, Operation: row.Operation, Environment: row.Environment}
			r := sums[key]
			if r == nil {
				r = &model.Rollup{RollupKey: key, Graph: model.NewGraph()}
				sums[key] = r
			}
			failed = cmp.Or(addEntry(r, row), ctx.Err())
			return failed == nil
		})
		if err = cmp.Or(failed, err); err != nil {
			return fmt.Errorf("rollups: %w", err)
		}
		return nil
	})
}

// addEntry adds a row that was read back to its rollup.
func addEntry(r *model.Rollup, row *rollupRow) error {
	var latency sketch.Sketch
	if err := latency.UnmarshalBinary(row.Sketch); err != nil {
		return err
	}
	switch row.Entry {
	case entryFlows:
		r.Merge(&model.Rollup{
			Flows: row.Count, Errors: row.Errors, Timeouts: row.Timeouts, LastSeen: row.LastSeen, Latency: latency, Graph: &model.Graph{},
		})
	case entryNode:
		s := r.Graph.Node(rowToNode(row.From))
		s.Requests += row.Count
		s.Errors += row.Errors
		s.Self += row.Self
		s.Critical += row.Critical
		s.Latency.Merge(&latency)
	case entryEdge:
		r.Graph.Edge(model.Edge{From: rowToNode(row.From), To: rowToNode(row.To)}).Merge(&model.EdgeStats{
			Calls: row.Count, Errors: row.Errors, Retries: row.Retries, Breaks: row.Breaks, Latency: latency,
		})
	default:
		return fmt.Errorf("rollup entry %d", row.Entry)
	}
	return nil
}
