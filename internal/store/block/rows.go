package block

import (
	"cmp"
	"errors"
	"io"

	"github.com/parquet-go/parquet-go"

	"github.com/flowscope/flowscope/internal/model"
)

// writeRows writes rows with a page of every column after each pageRows.
func writeRows[T any](out io.Writer, rows []T, pageRows int) error {
	var none T
	w := parquet.NewGenericWriter[T](out, writerOptions(parquet.SchemaOf(none), len(rows))...)
	for len(rows) > 0 {
		n := min(pageRows, len(rows))
		if _, err := w.Write(rows[:n]); err != nil {
			return err
		}
		for _, c := range w.ColumnWriters() {
			if err := c.Flush(); err != nil {
				return err
			}
		}
		rows = rows[n:]
	}
	return w.Close()
}

// readRows calls yield with rows [from, to) of a row group until it reports
// false. The row is yield's to keep.
func readRows[T any](group parquet.RowGroup, rows rowRange, yield func(*T) bool) (err error) {
	in := parquet.NewGenericRowGroupReader[T](group)
	defer func() { err = errors.Join(err, in.Close()) }()
	if err := in.SeekToRow(rows.from); err != nil {
		return err
	}
	const most = 256 // rows decoded at once: enough to spread the cost of a call
	for left := rows.to - rows.from; left > 0; {
		buf := make([]T, min(left, most))
		n, err := in.Read(buf)
		for i := range buf[:n] {
			if !yield(&buf[i]) {
				return nil
			}
		}
		if left -= int64(n); left > 0 && (err != nil || n == 0) {
			return cmp.Or(err, io.ErrNoProgress)
		}
	}
	return nil
}

func nodeToRow(n model.Node) nodeRow { return nodeRow{int32(n.Kind), n.Namespace, n.Name} }

func rowToNode(r nodeRow) model.Node {
	return model.Node{Kind: nodeKind(r.Kind), Namespace: r.Namespace, Name: r.Name}
}

func nodeKind(v int32) model.NodeKind {
	if v < 0 || v > int32(model.NodeExternal) {
		return model.NodeExternal
	}
	return model.NodeKind(v)
}

func rowToFlow(r *flowRow) model.FlowSummary {
	f := model.FlowSummary{
		TraceID: r.TraceID, Operation: r.Operation, Environment: r.Environment,
		Start: r.Start, End: r.Start + r.Duration + r.Overrun, Duration: r.Duration, Status: statusOf(r.Status), Revision: uint32(r.Revision),
		RootService: rowToNode(r.RootService), RootName: r.RootName, UIEvent: r.UIEvent, User: r.User,
		Session: r.Session, Error: r.Error, SpanCount: uint32(r.SpanCount), ErrorCount: uint32(r.ErrorCount),
		Orphans: uint32(r.Orphans), NoRoot: r.NoRoot,
	}
	for _, n := range r.Services {
		f.Services = append(f.Services, rowToNode(n))
	}
	return f
}

func statusOf(v int32) model.FlowStatus {
	if v < 0 || v > int32(model.FlowTimeout) {
		return model.FlowError
	}
	return model.FlowStatus(v)
}
