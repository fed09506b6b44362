package block

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sort"

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
	return scanTrace(group, id, offsets.FirstRowIndex(page))
}

func scanTrace(group parquet.RowGroup, id model.TraceID, from int64) (rowRange, error) {
	found := rowRange{}
	err := eachValue(group, rowRange{from, group.NumRows()}, func(row int, v parquet.Value) error {
		switch c := bytes.Compare(v.ByteArray(), id[:]); {
		case c > 0:
			return errStop
		case c == 0 && found.to == 0:
			found = rowRange{from + int64(row), from + int64(row) + 1}
		case c == 0:
			found.to++
		}
		return nil
	}, "trace_id")
	if err != nil && !errors.Is(err, errStop) {
		return rowRange{}, err
	}
	return found, nil
}

// spanReader appends rows of spans.parquet to a batch whose resources and
// scopes are filled in.
type spanReader struct {
	group parquet.RowGroup
	rows  rowRange
	b     *model.Batch
	first int // the batch's row of the range's first
	err   error
}

func readSpans(ctx context.Context, group parquet.RowGroup, rows rowRange, b *model.Batch) error {
	r := &spanReader{group: group, rows: rows, b: b, first: b.Len()}
	n := int(rows.to - rows.from)
	for range n {
		b.AddSpan(0, 0)
	}
	r.ids()
	r.numbers()
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
		if err := attrs.append(b, i); err != nil {
			return err
		}
		if err := parseEvents(b, events[i]); err != nil {
			return err
		}
		if err := parseLinks(b, links[i]); err != nil {
			return err
		}
		b.EndSpan()
	}
	return nil
}

// column calls set with the value of each row, unless something failed before.
func (r *spanReader) column(name string, set func(row int, v parquet.Value) error) {
	if r.err == nil {
		r.err = eachValue(r.group, r.rows, func(row int, v parquet.Value) error { return set(r.first+row, v) }, name)
	}
}

func (r *spanReader) ids() {
	b := r.b
	r.column("trace_id", func(i int, v parquet.Value) error { copy(b.TraceIDs[i][:], v.ByteArray()); return nil })
	r.column("span_id", func(i int, v parquet.Value) error { copy(b.SpanIDs[i][:], v.ByteArray()); return nil })
	r.column("parent_span_id", func(i int, v parquet.Value) error { copy(b.ParentIDs[i][:], v.ByteArray()); return nil })
}

func (r *spanReader) numbers() {
	b := r.b
	r.column("start_unix_nano", func(i int, v parquet.Value) error { b.Starts[i] = v.Int64(); return nil })
	r.column("duration_nano", func(i int, v parquet.Value) error { b.Ends[i] = b.Starts[i] + v.Int64(); return nil })
	r.column("kind", func(i int, v parquet.Value) error { b.Kinds[i] = model.Kind(v.Int32()); return nil })
	r.column("status_code", func(i int, v parquet.Value) error { b.StatusCodes[i] = model.StatusCode(v.Int32()); return nil })
	r.column("marks", func(i int, v parquet.Value) error { b.Marks[i] = model.Marks(v.Int32()); return nil })
	r.column("flags", func(i int, v parquet.Value) error { b.Flags[i] = uint32(v.Int32()); return nil })
	r.column("dropped_attributes", func(i int, v parquet.Value) error { b.DroppedAttrs[i] = uint32(v.Int32()); return nil })
	r.column("dropped_events", func(i int, v parquet.Value) error { b.DroppedEvents[i] = uint32(v.Int32()); return nil })
	r.column("dropped_links", func(i int, v parquet.Value) error { b.DroppedLinks[i] = uint32(v.Int32()); return nil })
	r.column("resource", func(i int, v parquet.Value) error {
		b.ResourceOf[i] = uint32(v.Int32())
		return within("resource", b.ResourceOf[i], len(b.Resources))
	})
	r.column("scope", func(i int, v parquet.Value) error {
		b.ScopeOf[i] = uint32(v.Int32())
		return within("scope", b.ScopeOf[i], len(b.Scopes))
	})
}

func within(what string, i uint32, n int) error {
	if uint64(i) >= uint64(n) {
		return fmt.Errorf("%s %d of %d", what, i, n)
	}
	return nil
}

func (r *spanReader) texts() {
	b := r.b
	text := func(name string, to []model.Ref) {
		r.column(name, func(i int, v parquet.Value) error { to[i] = b.Strings.Intern(v.ByteArray()); return nil })
	}
	text("name", b.Names)
	text("status_message", b.StatusMessages)
	text("trace_state", b.TraceStates)
}

// binary reads a column whose values outlive the call.
func (r *spanReader) binary(name string, n int) [][]byte {
	out := make([][]byte, n)
	r.column(name, func(i int, v parquet.Value) error {
		out[i-r.first] = bytes.Clone(v.ByteArray())
		return nil
	})
	return out
}
