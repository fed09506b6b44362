package block

import (
	"github.com/parquet-go/parquet-go"

	"github.com/flowscope/flowscope/internal/model"
)

// promoter writes the attributes: those with a column of their own into it,
// the rest into the list, and into attr_order which went where.
type promoter struct {
	names   map[string]uint8 // number in attr_order
	types   []model.ValueType
	batches map[*model.Batch][]uint8 // what each string of a batch is as a key

	columns []*parquet.ColumnWriter // by number, from 1
	levels  []int
	values  [][]parquet.Value // a page of each column

	order, keys, kinds, texts *parquet.ColumnWriter
	level                     int
	orders, k, t, v           []parquet.Value
	arena                     []byte
}

// What a string of a batch is as an attribute's key, when not a number.
const (
	keyUnknown = 0    // not looked up yet
	keyGeneric = 0xff // has no column
)

func newPromoter(w *spanWriter) *promoter {
	p := &promoter{names: map[string]uint8{}, batches: map[*model.Batch][]uint8{}}
	p.columns, p.levels, p.types = make([]*parquet.ColumnWriter, 1), make([]int, 1), make([]model.ValueType, 1)
	for i, a := range promotedAttrs() {
		to, level := w.column(a.name)
		p.names[a.name] = uint8(i + 1)
		p.columns, p.levels, p.types = append(p.columns, to), append(p.levels, level), append(p.types, a.typ)
	}
	p.values = make([][]parquet.Value, len(p.columns))
	p.order, _ = w.column("attr_order")
	p.keys, p.level = w.column("attrs", "list", "element", "key")
	p.kinds, _ = w.column("attrs", "list", "element", "type")
	p.texts, _ = w.column("attrs", "list", "element", "value")
	return p
}

func (p *promoter) page(refs []spanRef) error {
	p.reset(len(refs))
	for i, r := range refs {
		p.span(i, r.batch.Span(r.row))
	}
	for n := 1; n < len(p.columns); n++ {
		if err := flush(p.columns[n], p.values[n]); err != nil {
			return err
		}
	}
	for _, c := range []struct {
		to     *parquet.ColumnWriter
		values []parquet.Value
	}{{p.order, p.orders}, {p.keys, p.k}, {p.kinds, p.t}, {p.texts, p.v}} {
		if err := flush(c.to, c.values); err != nil {
			return err
		}
	}
	return nil
}

// reset makes every value of the page null. The values of the page before, which
// point into the arena, have been written.
func (p *promoter) reset(rows int) {
	for n := 1; n < len(p.values); n++ {
		if cap(p.values[n]) < rows {
			p.values[n] = make([]parquet.Value, pageRows)
		}
		p.values[n] = p.values[n][:rows]
		clear(p.values[n])
	}
	p.orders, p.k, p.t, p.v = p.orders[:0], p.k[:0], p.t[:0], p.v[:0]
	p.arena = p.arena[:0]
}

// span writes the attributes of the page's row i. attr_order stays empty when
// none of them has a column.
func (p *promoter) span(i int, s model.Span) {
	attrs := s.Attrs()
	b, keys := s.Batch, p.keysOf(s.Batch)
	start, promoted, listed := len(p.arena), false, 0
	for _, a := range attrs {
		n := p.number(b, keys, a)
		if n != keyGeneric && a.Type == p.types[n] && p.values[n][i].IsNull() {
			p.values[n][i] = p.value(b, a).Level(0, p.levels[n], 0)
			p.arena = append(p.arena, n)
			promoted = true
			continue
		}
		p.arena = append(p.arena, 0)
		listed++
	}
	order := p.arena[start:len(p.arena):len(p.arena)]
	if !promoted {
		p.orders = append(p.orders, parquet.ByteArrayValue(nil))
	} else {
		p.orders = append(p.orders, parquet.ByteArrayValue(order))
	}
	if listed == 0 {
		p.k, p.t, p.v = append(p.k, parquet.NullValue()), append(p.t, parquet.NullValue()), append(p.v, parquet.NullValue())
		return
	}
	p.list(b, attrs, order)
}

// list appends the attributes with a 0 in order to the list columns.
func (p *promoter) list(b *model.Batch, attrs []model.Attr, order []byte) {
	repetition := 0
	for j, a := range attrs {
		if order[j] != 0 {
			continue
		}
		var text parquet.Value
		if a.Type == model.TypeString {
			text = parquet.ByteArrayValue(b.Strings.Bytes(model.Ref(a.Bits)))
		} else {
			start := len(p.arena)
			p.arena = appendText(p.arena, b.Value(a))
			text = parquet.ByteArrayValue(p.arena[start:len(p.arena):len(p.arena)])
		}
		p.k = append(p.k, parquet.ByteArrayValue(b.Strings.Bytes(a.Key)).Level(repetition, p.level, 0))
		p.t = append(p.t, parquet.Int32Value(int32(a.Type)).Level(repetition, p.level, 0))
		p.v = append(p.v, text.Level(repetition, p.level, 0))
		repetition = 1
	}
}

func (p *promoter) value(b *model.Batch, a model.Attr) parquet.Value {
	if a.Type == model.TypeInt {
		return parquet.Int64Value(int64(a.Bits))
	}
	return parquet.ByteArrayValue(b.Strings.Bytes(model.Ref(a.Bits)))
}

// keysOf is the table that number keeps for a batch.
func (p *promoter) keysOf(b *model.Batch) []uint8 {
	keys := p.batches[b]
	if keys == nil {
		keys = make([]uint8, b.Strings.Len())
		p.batches[b] = keys
	}
	return keys
}

func (p *promoter) number(b *model.Batch, keys []uint8, a model.Attr) uint8 {
	if keys[a.Key] == keyUnknown {
		keys[a.Key] = keyGeneric
		if n, ok := p.names[b.Strings.Get(a.Key)]; ok {
			keys[a.Key] = n
		}
	}
	return keys[a.Key]
}
