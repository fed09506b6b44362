package block

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"

	"github.com/parquet-go/parquet-go"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/sketch"
)

// rollupRows are the rows of rollups.parquet: by operation, environment, bucket
// and entry, so that one operation's history is one stretch of the file.
func rollupRows(rollups []*model.Rollup) ([]rollupRow, error) {
	rollups = slices.Clone(rollups)
	slices.SortFunc(rollups, func(x, y *model.Rollup) int { return compareKeys(x.RollupKey, y.RollupKey) })
	var rows []rollupRow
	for _, r := range rollups {
		own, err := entries(r)
		if err != nil {
			return nil, err
		}
		rows = append(rows, own...)
	}
	return rows, nil
}

func compareKeys(x, y model.RollupKey) int {
	return cmp.Or(cmp.Compare(x.Operation, y.Operation), cmp.Compare(x.Environment, y.Environment), cmp.Compare(x.Bucket, y.Bucket))
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
	slices.SortFunc(rows[1:], func(x, y rollupRow) int {
		return cmp.Or(cmp.Compare(x.Entry, y.Entry), compareNodes(x.From, y.From), compareNodes(x.To, y.To))
	})
	return rows, failed
}

func compareNodes(x, y nodeRow) int {
	return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Namespace, y.Namespace), cmp.Compare(x.Name, y.Name))
}

// addEntry adds a row that was read back to its rollup.
func addEntry(r *model.Rollup, row *rollupRow) error {
	var latency sketch.Sketch
	if err := latency.UnmarshalBinary(row.Sketch); err != nil {
		return err
	}
	switch row.Entry {
	case entryFlows:
		r.Flows += row.Count
		r.Errors += row.Errors
		r.Timeouts += row.Timeouts
		r.LastSeen = max(r.LastSeen, row.LastSeen)
		r.Latency.Merge(&latency)
	case entryNode:
		s := r.Graph.Node(rowToNode(row.From))
		s.Requests += row.Count
		s.Errors += row.Errors
		s.Self += row.Self
		s.Critical += row.Critical
		s.Latency.Merge(&latency)
	case entryEdge:
		s := r.Graph.Edge(model.Edge{From: rowToNode(row.From), To: rowToNode(row.To)})
		s.Calls += row.Count
		s.Errors += row.Errors
		s.Retries += row.Retries
		s.Breaks += row.Breaks
		s.Latency.Merge(&latency)
	default:
		return fmt.Errorf("rollup entry %d", row.Entry)
	}
	return nil
}

// selectRollups returns the stretches of a row group whose keys a query selects.
func selectRollups(group parquet.RowGroup, q model.RollupQuery) ([]rowRange, error) {
	all := rowRange{0, group.NumRows()}
	keep := make([]bool, all.to)
	text := func(column, want string) error {
		if want == "" {
			return nil
		}
		return eachValue(group, all, func(row int, v parquet.Value) error {
			keep[row] = keep[row] && bytes.Equal(v.ByteArray(), []byte(want))
			return nil
		}, column)
	}
	err := eachValue(group, all, func(row int, v parquet.Value) error {
		keep[row] = Overlaps(v.Int64(), q)
		return nil
	}, "bucket_unix_nano")
	if err == nil {
		err = text("operation", q.Operation)
	}
	if err == nil {
		err = text("deployment_environment", q.Environment)
	}
	return ranges(keep), err
}

// Overlaps reports whether a rollup's bucket overlaps the query's time.
func Overlaps(bucket int64, q model.RollupQuery) bool {
	return bucket > q.From-int64(model.RollupBucket) && (q.To == 0 || bucket < q.To)
}

// ranges are the runs of true.
func ranges(keep []bool) []rowRange {
	var out []rowRange
	for i, k := range keep {
		switch {
		case !k:
		case i > 0 && keep[i-1]:
			out[len(out)-1].to++
		default:
			out = append(out, rowRange{int64(i), int64(i) + 1})
		}
	}
	return out
}
