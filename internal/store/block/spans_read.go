package block

import (
	"bytes"
	"context"
	"fmt"
	"sort"
	"strings"

	"github.com/parquet-go/parquet-go"

	"github.com/flowscope/flowscope/internal/model"
)

// findTrace returns the rows of a trace in a row group, an empty range when it
// has none. The page index says which page to look at.
func findTrace(group parquet.RowGroup, id model.TraceID) (rowRange, error) {
	chunk, err := chunkOf(group, "trace_id")
	if err != nil {
		return rowRange{}, err
	}
	index, err := chunk.ColumnIndex()
	if err != nil {
		return rowRange{}, err
	}
	offsets, err := chunk.OffsetIndex()
	if err != nil {
		return rowRange{}, err
	}
	pages := index.NumPages()
	page := sort.Search(pages, func(p int) bool { return bytes.Compare(index.MaxValue(p).Bytes(), id[:]) >= 0 })
	if page == pages || bytes.Compare(index.MinValue(page).Bytes(), id[:]) > 0 {
		return rowRange{}, nil
	}
	return scanTrace(chunk, id, rowRange{offsets.FirstRowIndex(page), group.NumRows()})
}

func scanTrace(chunk parquet.ColumnChunk, id model.TraceID, rows rowRange) (rowRange, error) {
	found := rowRange{}
	err := eachPage(chunk, rows, func(row int, p parquet.Page) error {
		values := p.Data()
		data, size := values.FixedLenByteArray()
		n := len(data) / size
		at := func(i int) []byte { return data[i*size : (i+1)*size] }
		first := sort.Search(n, func(i int) bool { return bytes.Compare(at(i), id[:]) >= 0 })
		last := first
		for last < n && bytes.Equal(at(last), id[:]) {
			last++
		}
		if last > first {
			if found.to == 0 {
				found.from = rows.from + int64(row+first)
			}
			found.to = rows.from + int64(row+last)
		}
		if last < n {
			return errStop
		}
		return nil
	})
	return found, stopped(err)
}

// spanSource reads spans of a row group. It belongs to one goroutine.
type spanSource struct {
	group  parquet.RowGroup
	tables *readTables
	chunks []parquet.ColumnChunk
	names  [][]string
	ids    []model.SpanID // of all rows; nil until a parent is outside of the rows read
}

func (b *Block) spans(ctx context.Context, group parquet.RowGroup) (*spanSource, error) {
	t, err := b.tables(ctx)
	return &spanSource{group: group, tables: t, chunks: group.ColumnChunks(), names: group.Schema().Columns()}, err
}

// spanReader appends a range of rows to a batch.
type spanReader struct {
	*spanSource
	rows  rowRange
	b     *spanBatch
	first int // the batch's row of the range's first
	err   error
}

// read appends rows to a batch.
func (s *spanSource) read(ctx context.Context, rows rowRange, b *spanBatch) error {
	r := &spanReader{spanSource: s, rows: rows, b: b, first: b.Len()}
	n := int(rows.to - rows.from)
	for range n {
		b.AddSpan(0, 0)
	}
	r.readIDs()
	r.parents()
	r.times()
	r.numbers()
	r.pointers()
	r.texts()
	attrs := r.attrs(n)
	events, links := r.binary("events", n), r.binary("links", n)
	if r.err != nil {
		return r.err
	}
	for i := range n {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := attrs.append(b.Batch, i); err != nil {
			return err
		}
		if err := parseEvents(b.Batch, events[i]); err != nil {
			return err
		}
		if err := parseLinks(b.Batch, links[i]); err != nil {
			return err
		}
		b.EndSpan()
	}
	return nil
}

// column runs read on a column, unless something failed before. A column that
// is not there holds nothing but zeros.
func (r *spanReader) column(name string, read func(parquet.ColumnChunk) error) {
	for i, path := range r.names {
		if r.err == nil && len(path) == 1 && path[0] == name {
			if err := read(r.chunks[i]); err != nil {
				r.err = fmt.Errorf("column %s: %w", name, err)
			}
		}
	}
}

func (r *spanReader) fixed(name string, rows rowRange, set func(row int, p []byte)) {
	r.column(name, func(c parquet.ColumnChunk) error {
		return readFixed(c, rows, func(row int, p []byte) error { set(row, p); return nil })
	})
}

func (r *spanReader) number(name string, set func(row int, v uint64) error) {
	r.column(name, func(c parquet.ColumnChunk) error {
		return readNumbers(c, r.rows, func(row int, v uint64) error { return set(r.first+row, v) })
	})
}

func (r *spanReader) readIDs() {
	b := r.b
	r.fixed("trace_id", r.rows, func(i int, p []byte) { copy(b.TraceIDs[r.first+i][:], p) })
	r.fixed("span_id", r.rows, func(i int, p []byte) { copy(b.SpanIDs[r.first+i][:], p) })
	r.fixed("parent_span_id", r.rows, func(i int, p []byte) { copy(b.ParentIDs[r.first+i][:], p) })
}

// parents looks the ids of parents up by their distance.
func (r *spanReader) parents() {
	b := r.b
	r.number("parent_distance", func(i int, v uint64) error {
		if v == 0 {
			return nil
		}
		at := r.rows.from + int64(i-r.first) - int64(int32(v))
		if at >= r.rows.from && at < r.rows.to {
			b.ParentIDs[i] = b.SpanIDs[r.first+int(at-r.rows.from)]
			return nil
		}
		if err := r.allIDs(); err != nil {
			return err
		}
		if err := within("parent", uint64(at), len(r.ids)); err != nil {
			return err
		}
		b.ParentIDs[i] = r.ids[at]
		return nil
	})
}

// allIDs reads the ids of all spans of the group: a file that is read page by
// page meets parents in other pages.
func (r *spanReader) allIDs() error {
	if r.ids != nil {
		return nil
	}
	n := r.group.NumRows()
	ids := make([]model.SpanID, n)
	chunk, err := chunkOf(r.group, "span_id")
	if err == nil {
		err = readFixed(chunk, rowRange{0, n}, func(row int, p []byte) error { copy(ids[row][:], p); return nil })
	}
	r.ids = ids
	return err
}

func (r *spanReader) times() {
	b := r.b
	r.number("start_unix_nano", func(i int, v uint64) error { b.Starts[i], b.Ends[i] = int64(v), int64(v); return nil })
	r.number("duration_nano", func(i int, v uint64) error { b.Ends[i] += int64(v); return nil })
}

func (r *spanReader) numbers() {
	b := r.b
	r.number("kind", func(i int, v uint64) error { b.Kinds[i] = model.Kind(v); return nil })
	r.number("status_code", func(i int, v uint64) error { b.StatusCodes[i] = model.StatusCode(v); return nil })
	r.number("marks", func(i int, v uint64) error { b.Marks[i] = model.Marks(v); return nil })
	r.number("flags", func(i int, v uint64) error { b.Flags[i] = uint32(v); return nil })
	r.number("dropped_attributes", func(i int, v uint64) error { b.DroppedAttrs[i] = uint32(v); return nil })
	r.number("dropped_events", func(i int, v uint64) error { b.DroppedEvents[i] = uint32(v); return nil })
	r.number("dropped_links", func(i int, v uint64) error { b.DroppedLinks[i] = uint32(v); return nil })
}

// pointers reads which resource and scope each span has. Where the column is
// left out, all have the first.
func (r *spanReader) pointers() {
	b := r.b
	read := func(name string, to []uint32, place func(id uint64) (uint32, error)) {
		there := false
		r.number(name, func(i int, v uint64) (err error) {
			there = true
			to[i], err = place(v)
			return err
		})
		if there || r.err != nil || r.rows.from == r.rows.to {
			return
		}
		first, err := place(0)
		for i := r.first; i < len(to); i++ {
			to[i] = first
		}
		r.err = err
	}
	read("resource", b.ResourceOf, b.resource)
	read("scope", b.ScopeOf, b.scope)
}

func within(what string, i uint64, n int) error {
	if i >= uint64(n) {
		return fmt.Errorf("%s %d of %d", what, i, n)
	}
	return nil
}

func (r *spanReader) text(name string, set func(row int, ref model.Ref)) {
	r.column(name, func(c parquet.ColumnChunk) error {
		return readTexts(c, r.rows, r.b.Batch, func(row int, ref model.Ref) error { set(row, ref); return nil })
	})
}

func (r *spanReader) texts() {
	b := r.b
	r.text("name", func(i int, ref model.Ref) { b.Names[r.first+i] = ref })
	r.text("status_message", func(i int, ref model.Ref) { b.StatusMessages[r.first+i] = ref })
	r.text("trace_state", func(i int, ref model.Ref) { b.TraceStates[r.first+i] = ref })
}

// binary reads a column whose values outlive the call.
func (r *spanReader) binary(name string, n int) [][]byte {
	out := make([][]byte, n)
	r.column(name, func(c parquet.ColumnChunk) error {
		return readBytes(c, r.rows, func(i int, p []byte) error { out[i] = bytes.Clone(p); return nil })
	})
	return out
}

// attrColumns are the places of the columns of attributes, in the order of their
// numbers in attr_shape.
func (s *spanSource) attrColumns() (places []int) {
	for i, path := range s.names {
		if len(path) == 1 && strings.HasPrefix(path[0], attrPrefix) {
			places = append(places, i)
		}
	}
	return places
}
