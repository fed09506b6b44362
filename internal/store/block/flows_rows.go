package block

import (
	"context"
	"slices"

	"github.com/parquet-go/parquet-go"

	"github.com/flowscope/flowscope/internal/model"
)

// FlowRows returns flows by their rows, in the order of the rows.
func (b *Block) FlowRows(ctx context.Context, rows []int64) ([]model.FlowSummary, error) {
	out := make([]model.FlowSummary, len(rows))
	base := int64(0)
	err := b.read(ctx, flowsFile, func(group parquet.RowGroup) error {
		f := b.rowFinder(ctx, group)
		wanted := newRowSet(f.rows)
		for _, row := range rows {
			if at := row - base; at >= 0 && at < group.NumRows() {
				wanted.add(int(at))
			}
		}
		flows, err := f.flows(wanted)
		if err != nil {
			return err
		}
		var have []int64
		wanted.eachIn(0, f.rows, func(row int) { have = append(have, base+int64(row)) })
		for i, row := range rows {
			if at, ok := slices.BinarySearch(have, row); ok {
				out[i] = flows[at]
			}
		}
		base += group.NumRows()
		return nil
	})
	return out, err
}

// flows reads all columns of the rows, in their order.
func (f *rowFinder) flows(rows rowSet) ([]model.FlowSummary, error) {
	out := make([]model.FlowSummary, rows.count())
	var err error
	number := func(set func(s *model.FlowSummary, v uint64), path ...string) {
		if err == nil {
			err = f.eachNumber(rows, path, func(i int, v uint64) { set(&out[i], v) })
		}
	}
	text := func(to func(s *model.FlowSummary) *string, path ...string) {
		if err == nil {
			err = f.eachText(rows, path, func(i int, p []byte) { *to(&out[i]) = string(p) })
		}
	}
	type flow = model.FlowSummary
	number(func(s *flow, v uint64) { s.Start, s.End = int64(v), int64(v) }, "start_unix_nano")
	number(func(s *flow, v uint64) { s.Duration, s.End = int64(v), s.End+int64(v) }, "duration_nano")
	number(func(s *flow, v uint64) { s.End += int64(v) }, "overrun_nano")
	number(func(s *flow, v uint64) { s.Status = statusOf(int32(v)) }, "status")
	number(func(s *flow, v uint64) { s.Revision = uint32(v) }, "revision")
	number(func(s *flow, v uint64) { s.RootService.Kind = nodeKind(int32(v)) }, "root_service", "kind")
	number(func(s *flow, v uint64) { s.SpanCount = uint32(v) }, "span_count")
	number(func(s *flow, v uint64) { s.ErrorCount = uint32(v) }, "error_count")
	number(func(s *flow, v uint64) { s.Orphans = uint32(v) }, "orphans")
	number(func(s *flow, v uint64) { s.NoRoot = v != 0 }, "no_root")
	text(func(s *flow) *string { return &s.Operation }, "operation")
	text(func(s *flow) *string { return &s.Environment }, "deployment_environment")
	text(func(s *flow) *string { return &s.RootService.Namespace }, "root_service", "namespace")
	text(func(s *flow) *string { return &s.RootService.Name }, "root_service", "name")
	text(func(s *flow) *string { return &s.RootName }, "root_name")
	text(func(s *flow) *string { return &s.UIEvent }, "ui_event")
	text(func(s *flow) *string { return &s.User }, "user")
	text(func(s *flow) *string { return &s.Session }, "session")
	text(func(s *flow) *string { return &s.Error }, "error")
	if err == nil {
		err = f.eachID(rows, func(i int, id []byte) { copy(out[i].TraceID[:], id) })
	}
	if err == nil {
		err = f.services(rows, out)
	}
	return out, err
}

// services reads the list of services, whose three columns run in step.
func (f *rowFinder) services(rows rowSet, out []model.FlowSummary) error {
	place := make(map[int]int, len(out))
	rows.eachIn(0, f.rows, func(row int) { place[row] = len(place) })
	each := func(leaf string, value func(p parquet.Page) (func(n *model.Node, i int), error)) error {
		next := make([]int, len(out))
		return f.pages(rows, []string{"services", "list", "element", leaf}, func(from, _ int, p parquet.Page) error {
			set, err := value(p)
			if err != nil {
				return err
			}
			return eachEntry(from, p, func(row, i int) error {
				at, wanted := place[row]
				if !wanted {
					return nil
				}
				if n := next[at]; n == len(out[at].Services) {
					out[at].Services = append(out[at].Services, model.Node{})
				}
				set(&out[at].Services[next[at]], i)
				next[at]++
				return nil
			})
		})
	}
	text := func(leaf string, to func(n *model.Node) *string) error {
		return each(leaf, func(p parquet.Page) (func(n *model.Node, i int), error) {
			at := bytesOf(p)
			return func(n *model.Node, i int) { *to(n) = string(at(i)) }, nil
		})
	}
	if err := text("name", func(n *model.Node) *string { return &n.Name }); err != nil {
		return err
	}
	if err := text("namespace", func(n *model.Node) *string { return &n.Namespace }); err != nil {
		return err
	}
	return each("kind", func(p parquet.Page) (func(n *model.Node, i int), error) {
		at, err := numbersOf(p)
		return func(n *model.Node, i int) { n.Kind = nodeKind(int32(at(i))) }, err
	})
}
