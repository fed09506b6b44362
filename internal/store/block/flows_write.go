package block

import (
	"cmp"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go/format"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/columns"
)

// flowWriter writes flows.parquet, a column at a time.
type flowWriter struct {
	out   *columns.Writer
	flows []*model.FlowSummary
	table *columns.Strings
}

// writeFlows writes flows by their start. The columns are those of flowRow, in
// its order. It returns where the bloom filter on trace ids is.
func writeFlows(out io.Writer, flows []*model.FlowSummary) (columns.Filter, error) {
	file, err := columns.NewWriter(out, len(flows))
	if err != nil {
		return columns.Filter{}, err
	}
	flows = slices.Clone(flows)
	slices.SortStableFunc(flows, func(x, y *model.FlowSummary) int { return cmp.Compare(x.Start, y.Start) })
	w := &flowWriter{out: file, flows: flows, table: columns.NewStrings()}
	type flow = model.FlowSummary
	ids := make([]byte, 0, 16*len(flows))
	for _, f := range flows {
		ids = append(ids, f.TraceID[:]...)
	}
	file.Fixed(columns.Fixed{Path: []string{"trace_id"}, Size: 16, Values: ids, Raw: true, Filter: true})
	w.text(func(f *flow) string { return f.Operation }, "operation")
	w.text(func(f *flow) string { return f.Environment }, "deployment_environment")
	w.number(format.Int64, columns.Timestamp, func(f *flow) uint64 { return uint64(f.Start) }, "start_unix_nano")
	w.number(format.Int64, columns.Plain, func(f *flow) uint64 { return uint64(f.Duration) }, "duration_nano")
	w.number(format.Int64, columns.Plain, func(f *flow) uint64 { return uint64(f.End - f.Start - f.Duration) }, "overrun_nano")
	w.number(format.Int32, columns.Plain, func(f *flow) uint64 { return uint64(f.Status) }, "status")
	w.number(format.Int64, columns.Plain, func(f *flow) uint64 { return uint64(f.Revision) }, "revision")
	w.number(format.Int32, columns.Plain, func(f *flow) uint64 { return uint64(f.RootService.Kind) }, "root_service", "kind")
	w.text(func(f *flow) string { return f.RootService.Namespace }, "root_service", "namespace")
	w.text(func(f *flow) string { return f.RootService.Name }, "root_service", "name")
	w.text(func(f *flow) string { return f.RootName }, "root_name")
	w.text(func(f *flow) string { return f.UIEvent }, "ui_event")
	w.text(func(f *flow) string { return f.User }, "user")
	w.text(func(f *flow) string { return f.Session }, "session")
	w.text(func(f *flow) string { return f.Error }, "error")
	w.services()
	w.number(format.Int64, columns.Plain, func(f *flow) uint64 { return uint64(f.SpanCount) }, "span_count")
	w.number(format.Int64, columns.Plain, func(f *flow) uint64 { return uint64(f.ErrorCount) }, "error_count")
	w.number(format.Int64, columns.Plain, func(f *flow) uint64 { return uint64(f.Orphans) }, "orphans")
	w.number(format.Boolean, columns.Plain, func(f *flow) uint64 { return noRoot(f) }, "no_root")
	err = file.Close()
	return file.Filter(), err
}

func noRoot(f *model.FlowSummary) uint64 {
	if f.NoRoot {
		return 1
	}
	return 0
}

func (w *flowWriter) number(typ format.Type, kind columns.Kind, value func(f *model.FlowSummary) uint64, path ...string) {
	v := make([]uint64, len(w.flows))
	for i, f := range w.flows {
		v[i] = value(f)
	}
	w.out.Numbers(path, typ, kind, v, columns.Levels{})
}

func (w *flowWriter) text(value func(f *model.FlowSummary) string, path ...string) {
	ids := make([]uint32, len(w.flows))
	for i, f := range w.flows {
		ids[i] = w.table.InternString(value(f))
	}
	w.out.Strings(path, columns.Text, w.table, ids, columns.Levels{})
}

// services writes the list of services, a column for each field of a node.
func (w *flowWriter) services() {
	var kinds []uint64
	var namespaces, names []uint32
	var lv columns.Levels
	lv.Def, lv.Rep = make([]uint8, 0, 3*len(w.flows)), make([]uint8, 0, 3*len(w.flows))
	for _, f := range w.flows {
		if len(f.Services) == 0 {
			lv.Def, lv.Rep = append(lv.Def, 0), append(lv.Rep, 0)
		}
		for i, n := range f.Services {
			kinds = append(kinds, uint64(n.Kind))
			namespaces, names = append(namespaces, w.table.InternString(n.Namespace)), append(names, w.table.InternString(n.Name))
			lv.Def, lv.Rep = append(lv.Def, 1), append(lv.Rep, uint8(min(i, 1)))
		}
	}
	at := func(leaf string) []string { return []string{"services", "list", "element", leaf} }
	w.out.Numbers(at("kind"), format.Int32, columns.Plain, kinds, lv)
	w.out.Strings(at("namespace"), columns.Text, w.table, namespaces, lv)
	w.out.Strings(at("name"), columns.Text, w.table, names, lv)
}
