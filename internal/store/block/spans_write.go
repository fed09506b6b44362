package block

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"unsafe"

	"github.com/parquet-go/parquet-go"

	"github.com/flowscope/flowscope/internal/model"
)

// spanRef is a span and the first half of its trace id, to sort by.
type spanRef struct {
	high  uint64
	batch *model.Batch
	row   int
}

// sortSpans returns all spans of the batches by trace id and start.
func sortSpans(batches []*model.Batch) []spanRef {
	n := 0
	for _, b := range batches {
		n += b.Len()
	}
	refs := make([]spanRef, 0, n)
	for _, b := range batches {
		for i := range b.TraceIDs {
			refs = append(refs, spanRef{binary.BigEndian.Uint64(b.TraceIDs[i][:]), b, i})
		}
	}
	slices.SortStableFunc(refs, func(x, y spanRef) int {
		if x.high != y.high {
			return cmp.Compare(x.high, y.high)
		}
		if c := bytes.Compare(x.batch.TraceIDs[x.row][8:], y.batch.TraceIDs[y.row][8:]); c != 0 {
			return c
		}
		return cmp.Compare(x.batch.Starts[x.row], y.batch.Starts[y.row])
	})
	return refs
}

// spanWriter writes spans.parquet, a page of every column at a time.
type spanWriter struct {
	w        *parquet.GenericWriter[spanRow]
	schema   *parquet.Schema
	tables   *tables
	columns  []spanColumn
	promoted *promoter
	values   []parquet.Value
	arena    []byte
}

// spanColumn is a column with exactly one value a span.
type spanColumn struct {
	to    *parquet.ColumnWriter
	value func(s model.Span, res *model.ResourceInfo, ids *tableIDs) parquet.Value
}

func writeSpans(out io.Writer, refs []spanRef, t *tables) error {
	schema := parquet.SchemaOf(spanRow{})
	options := append(writerOptions(schema, len(refs)),
		traceFilter(),
		parquet.SortingWriterConfig(parquet.SortingColumns(parquet.Ascending("trace_id"))))
	// High-entropy bytes have no use for bounds in the page index.
	for _, name := range []string{"span_id", "parent_span_id", "attr_order", "events", "links"} {
		options = append(options, parquet.SkipPageBounds(name))
	}
	w := &spanWriter{w: parquet.NewGenericWriter[spanRow](out, options...), schema: schema, tables: t}
	w.columns = w.plainColumns()
	w.promoted = newPromoter(w)
	for from := 0; from < len(refs); from += pageRows {
		if from > 0 && from%groupRows == 0 {
			if err := w.w.Flush(); err != nil {
				return err
			}
		}
		if err := w.page(refs[from:min(from+pageRows, len(refs))]); err != nil {
			return err
		}
	}
	return w.w.Close()
}

// column returns the writer of a leaf column. A wrong path is a fault of this
// package that its first test meets.
func (w *spanWriter) column(path ...string) (*parquet.ColumnWriter, int) {
	leaf, ok := w.schema.Lookup(path...)
	if !ok {
		panic(fmt.Sprintf("block: no column %q", path))
	}
	return w.w.ColumnWriters()[leaf.ColumnIndex], leaf.MaxDefinitionLevel
}

func (w *spanWriter) plainColumns() []spanColumn {
	type value = func(s model.Span, res *model.ResourceInfo, ids *tableIDs) parquet.Value
	var out []spanColumn
	add := func(name string, v value) {
		to, _ := w.column(name)
		out = append(out, spanColumn{to, v})
	}
	text := func(name string, get func(s model.Span) model.Ref) {
		add(name, func(s model.Span, _ *model.ResourceInfo, _ *tableIDs) parquet.Value {
			return parquet.ByteArrayValue(s.Batch.Strings.Bytes(get(s)))
		})
	}
	info := func(name string, get func(res *model.ResourceInfo) string) {
		add(name, func(_ model.Span, res *model.ResourceInfo, _ *tableIDs) parquet.Value { return textValue(get(res)) })
	}
	number := func(name string, get func(s model.Span) uint32) {
		add(name, func(s model.Span, _ *model.ResourceInfo, _ *tableIDs) parquet.Value {
			return parquet.Int32Value(int32(get(s)))
		})
	}
	add("trace_id", func(s model.Span, _ *model.ResourceInfo, _ *tableIDs) parquet.Value {
		return parquet.FixedLenByteArrayValue(s.Batch.TraceIDs[s.Row][:])
	})
	add("span_id", func(s model.Span, _ *model.ResourceInfo, _ *tableIDs) parquet.Value {
		return parquet.FixedLenByteArrayValue(s.Batch.SpanIDs[s.Row][:])
	})
	add("parent_span_id", func(s model.Span, _ *model.ResourceInfo, _ *tableIDs) parquet.Value {
		return parquet.FixedLenByteArrayValue(s.Batch.ParentIDs[s.Row][:])
	})
	add("start_unix_nano", func(s model.Span, _ *model.ResourceInfo, _ *tableIDs) parquet.Value {
		return parquet.Int64Value(s.Start())
	})
	add("duration_nano", func(s model.Span, _ *model.ResourceInfo, _ *tableIDs) parquet.Value {
		return parquet.Int64Value(s.Duration())
	})
	add("resource", func(s model.Span, _ *model.ResourceInfo, ids *tableIDs) parquet.Value {
		return parquet.Int32Value(ids.resources[s.Batch.ResourceOf[s.Row]])
	})
	add("scope", func(s model.Span, _ *model.ResourceInfo, ids *tableIDs) parquet.Value {
		return parquet.Int32Value(ids.scopes[s.Batch.ScopeOf[s.Row]])
	})
	text("name", func(s model.Span) model.Ref { return s.Batch.Names[s.Row] })
	text("status_message", func(s model.Span) model.Ref { return s.Batch.StatusMessages[s.Row] })
	text("trace_state", func(s model.Span) model.Ref { return s.Batch.TraceStates[s.Row] })
	info("service_name", func(res *model.ResourceInfo) string { return res.Service })
	info("service_namespace", func(res *model.ResourceInfo) string { return res.Namespace })
	info("service_version", func(res *model.ResourceInfo) string { return res.Version })
	info("deployment_environment", func(res *model.ResourceInfo) string { return res.Environment })
	number("kind", func(s model.Span) uint32 { return uint32(s.Kind()) })
	number("status_code", func(s model.Span) uint32 { return uint32(s.Status()) })
	number("flags", func(s model.Span) uint32 { return s.Batch.Flags[s.Row] })
	number("marks", func(s model.Span) uint32 { return uint32(s.Marks()) })
	number("dropped_attributes", func(s model.Span) uint32 { return s.Batch.DroppedAttrs[s.Row] })
	number("dropped_events", func(s model.Span) uint32 { return s.Batch.DroppedEvents[s.Row] })
	number("dropped_links", func(s model.Span) uint32 { return s.Batch.DroppedLinks[s.Row] })
	return out
}

// textValue is a string as a Parquet value; it shares the string's memory.
func textValue(s string) parquet.Value {
	return parquet.ByteArrayValue(unsafe.Slice(unsafe.StringData(s), len(s)))
}

// page writes one page of every column.
func (w *spanWriter) page(refs []spanRef) error {
	for _, c := range w.columns {
		w.values = w.values[:0]
		for _, r := range refs {
			s := r.batch.Span(r.row)
			w.values = append(w.values, c.value(s, s.Resource(), w.tables.of(r.batch)))
		}
		if err := flush(c.to, w.values); err != nil {
			return err
		}
	}
	if err := w.promoted.page(refs); err != nil {
		return err
	}
	if err := w.binary("events", refs, appendEvents); err != nil {
		return err
	}
	return w.binary("links", refs, appendLinks)
}

// binary writes a page of a column that is null where the encoding is empty.
func (w *spanWriter) binary(name string, refs []spanRef, encode func([]byte, model.Span) []byte) error {
	to, level := w.column(name)
	w.values, w.arena = w.values[:0], w.arena[:0]
	for _, r := range refs {
		start := len(w.arena)
		w.arena = encode(w.arena, r.batch.Span(r.row))
		v := parquet.NullValue()
		if len(w.arena) > start {
			v = parquet.ByteArrayValue(w.arena[start:]).Level(0, level, 0)
		}
		w.values = append(w.values, v)
	}
	return flush(to, w.values)
}

// flush writes values and ends the page.
func flush(to *parquet.ColumnWriter, values []parquet.Value) error {
	if _, err := to.WriteRowValues(values); err != nil {
		return err
	}
	return to.Flush()
}
