package block

import (
	"encoding/binary"
	"io"

	"github.com/parquet-go/parquet-go/format"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/columns"
)

// source is a batch whose spans go into a block, and what its numbers are there.
type source struct {
	*model.Batch
	ids     *tableIDs
	table   *columns.Strings
	strings []uint32 // by ref: the number in the table + 1; 0 is not known yet
	kinds   []uint16 // by ref and type: what attrPlan.kind returns + 1
}

// str is the number of a batch's string in the block's table.
func (s *source) str(r model.Ref) uint32 {
	if r == 0 {
		return 0
	}
	if s.strings[r] == 0 {
		s.strings[r] = s.table.Intern(s.Strings.Bytes(r)) + 1
	}
	return s.strings[r] - 1
}

// spanWriter writes spans.parquet, a column at a time.
type spanWriter struct {
	out     *columns.Writer
	refs    []spanRef
	sources []*source
	table   *columns.Strings
	numbers []uint64 // scratch
	texts   []uint32
}

// writeSpans returns where the bloom filter on trace ids is.
func writeSpans(out io.Writer, batches []*model.Batch, refs []spanRef, t *tables) (columns.Filter, error) {
	file, err := columns.NewWriter(out, len(refs))
	if err != nil {
		return columns.Filter{}, err
	}
	w := &spanWriter{
		out: file, refs: refs, table: columns.NewStrings(),
		numbers: make([]uint64, 0, len(refs)), texts: make([]uint32, 0, len(refs)),
	}
	for _, b := range batches {
		w.sources = append(w.sources, &source{
			Batch: b, ids: t.of(b), table: w.table,
			strings: make([]uint32, b.Strings.Len()), kinds: make([]uint16, columnTypes*b.Strings.Len()),
		})
	}
	w.writeIDs()
	w.number("start_unix_nano", format.Int64, columns.Timestamp, func(s *source, row uint32) uint64 { return uint64(s.Starts[row]) })
	w.number("duration_nano", format.Int64, columns.Plain, func(s *source, row uint32) uint64 { return uint64(s.Ends[row] - s.Starts[row]) })
	w.text("name", func(s *source, row uint32) model.Ref { return s.Names[row] })
	w.services()
	w.number("resource", format.Int32, columns.Plain, func(s *source, row uint32) uint64 { return uint64(s.ids.resources[s.ResourceOf[row]]) })
	w.number("scope", format.Int32, columns.Plain, func(s *source, row uint32) uint64 { return uint64(s.ids.scopes[s.ScopeOf[row]]) })
	w.small("kind", func(s *source, row uint32) uint32 { return uint32(s.Kinds[row]) })
	w.small("status_code", func(s *source, row uint32) uint32 { return uint32(s.StatusCodes[row]) })
	w.text("status_message", func(s *source, row uint32) model.Ref { return s.StatusMessages[row] })
	w.text("trace_state", func(s *source, row uint32) model.Ref { return s.TraceStates[row] })
	w.small("flags", func(s *source, row uint32) uint32 { return s.Flags[row] })
	w.small("marks", func(s *source, row uint32) uint32 { return uint32(s.Marks[row]) })
	w.small("dropped_attributes", func(s *source, row uint32) uint32 { return s.DroppedAttrs[row] })
	w.small("dropped_events", func(s *source, row uint32) uint32 { return s.DroppedEvents[row] })
	w.small("dropped_links", func(s *source, row uint32) uint32 { return s.DroppedLinks[row] })
	w.writeAttrs()
	w.binary("events", appendEvents)
	w.binary("links", appendLinks)
	err = file.Close()
	return file.Filter(), err
}

// number writes a column that every row has. One that is 0 everywhere is left
// out.
func (w *spanWriter) number(name string, typ format.Type, kind columns.Kind, value func(s *source, row uint32) uint64) {
	w.numbers = w.numbers[:0]
	seen := uint64(0)
	for _, r := range w.refs {
		v := value(w.sources[r.batch], r.row)
		seen |= v
		w.numbers = append(w.numbers, v)
	}
	if seen != 0 {
		w.out.Numbers([]string{name}, typ, kind, w.numbers, columns.Levels{})
	}
}

func (w *spanWriter) small(name string, value func(s *source, row uint32) uint32) {
	w.number(name, format.Int32, columns.Plain, func(s *source, row uint32) uint64 { return uint64(value(s, row)) })
}

// text writes a column of strings. One that is empty everywhere is left out.
func (w *spanWriter) text(name string, value func(s *source, row uint32) model.Ref) {
	w.texts = w.texts[:0]
	seen := uint32(0)
	for _, r := range w.refs {
		s := w.sources[r.batch]
		id := s.str(value(s, r.row))
		seen |= id
		w.texts = append(w.texts, id)
	}
	if seen != 0 {
		w.out.Strings([]string{name}, columns.Text, w.table, w.texts, columns.Levels{})
	}
}

// services writes the names of services, which resource implies, for whoever reads
// the file with another program.
func (w *spanWriter) services() {
	known := make([][]uint32, len(w.sources)) // by resource: number in the table + 1
	for i, s := range w.sources {
		known[i] = make([]uint32, len(s.Resources))
	}
	w.texts = w.texts[:0]
	for _, r := range w.refs {
		s := w.sources[r.batch]
		id := &known[r.batch][s.ResourceOf[r.row]]
		if *id == 0 {
			*id = w.table.InternString(s.Span(int(r.row)).Resource().Service) + 1
		}
		w.texts = append(w.texts, *id-1)
	}
	w.out.Strings([]string{"service_name"}, columns.Text, w.table, w.texts, columns.Levels{})
}

// binary writes a column that is null where the encoding is empty, and left out
// where it is empty everywhere.
func (w *spanWriter) binary(name string, encode func([]byte, model.Span) []byte) {
	var p []byte
	var ends []uint32
	def := make([]uint8, len(w.refs))
	for i, r := range w.refs {
		before := len(p)
		p = encode(p, w.sources[r.batch].Span(int(r.row)))
		if len(p) > before {
			ends = append(ends, uint32(len(p)))
			def[i] = 1
		}
	}
	if len(ends) > 0 {
		w.out.Bytes([]string{name}, p, ends, columns.Levels{Def: def})
	}
}

// writeIDs writes the ids. A parent in the same file is said by its distance in
// rows, a byte or less where its id would be eight that nothing compresses.
func (w *spanWriter) writeIDs() {
	n := len(w.refs)
	traces, spans := make([]byte, 0, 16*n), make([]byte, 0, 8*n)
	for _, r := range w.refs {
		s := w.sources[r.batch]
		traces = append(traces, s.TraceIDs[r.row][:]...)
		spans = append(spans, s.SpanIDs[r.row][:]...)
	}
	w.out.Fixed(columns.Fixed{Path: []string{"trace_id"}, Size: 16, Values: traces, Sorted: true, Filter: true})
	w.out.Fixed(columns.Fixed{Path: []string{"span_id"}, Size: 8, Values: spans, Raw: true})
	p := &parents{w: w, spans: spans, distances: w.numbers[:0], def: make([]uint8, n), byID: map[uint64]int{}}
	for from := 0; from < n; {
		to := from + 1
		for to < n && string(traces[16*to:16*to+16]) == string(traces[16*from:16*from+16]) {
			to++
		}
		p.trace(from, to)
		from = to
	}
	w.out.Numbers([]string{"parent_distance"}, format.Int32, columns.Plain, p.distances, columns.Levels{})
	if len(p.elsewhere) > 0 {
		w.out.Fixed(columns.Fixed{Path: []string{"parent_span_id"}, Size: 8, Values: p.elsewhere, Levels: columns.Levels{Def: p.def}, Raw: true})
	}
}

// parents finds the rows of parents.
type parents struct {
	w         *spanWriter
	spans     []byte
	distances []uint64
	elsewhere []byte // ids of parents that are not in the file
	def       []uint8
	byID      map[uint64]int
}

// trace handles the rows of one trace.
func (p *parents) trace(from, to int) {
	const few = 16 // rows that are searched faster than looked up
	clear(p.byID)
	if to-from > few {
		for row := from; row < to; row++ {
			p.byID[p.id(row)] = row
		}
	}
	for row := from; row < to; row++ {
		r := p.w.refs[row]
		parent := p.w.sources[r.batch].ParentIDs[r.row]
		distance := 0
		if !parent.IsZero() {
			id := binary.LittleEndian.Uint64(parent[:])
			if at, ok := p.find(id, from, to); ok {
				distance = row - at
			}
			if distance == 0 { // not here, or the span says it is its own
				p.elsewhere = append(p.elsewhere, parent[:]...)
				p.def[row] = 1
			}
		}
		p.distances = append(p.distances, uint64(int64(distance)))
	}
}

func (p *parents) id(row int) uint64 { return binary.LittleEndian.Uint64(p.spans[8*row:]) }

func (p *parents) find(id uint64, from, to int) (row int, ok bool) {
	if len(p.byID) > 0 {
		row, ok = p.byID[id]
		return row, ok
	}
	for row := from; row < to; row++ {
		if p.id(row) == id {
			return row, true
		}
	}
	return 0, false
}
