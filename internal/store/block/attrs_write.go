package block

import (
	"github.com/parquet-go/parquet-go/format"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/columns"
)

// attrColumn is an attribute's own column.
type attrColumn struct {
	attrKind
	texts   []uint32 // of a string, numbers in the table
	numbers []uint64 // of any other
	levels  columns.Levels
	row     int // the last with a value, from 1
}

// attrList is the column of lists with all other attributes.
type attrList struct {
	keys, texts []uint32
	types       []uint64
	levels      columns.Levels
	text        []byte
}

// attrGatherer takes the attributes of spans apart into columns.
type attrGatherer struct {
	table   *columns.Strings
	plan    *attrPlan
	columns []attrColumn // by number, from 1
	list    attrList
	shapes  []uint32 // of each row, a number in the table
	shape   []byte
}

// writeAttrs writes all columns of attributes.
func (w *spanWriter) writeAttrs() {
	g := w.gatherAttrs()
	w.out.Strings([]string{"attr_shape"}, columns.Plain, w.table, g.shapes, columns.Levels{})
	for i := range g.columns[1:] {
		c := &g.columns[i+1]
		path := []string{attrPrefix + string(w.table.Bytes(c.key))}
		if c.typ == model.TypeString {
			w.out.Strings(path, columns.Text, w.table, c.texts, c.levels)
			continue
		}
		w.out.Numbers(path, physical(c.typ), columns.Plain, c.numbers, c.levels)
	}
	l := &g.list
	if len(l.keys) == 0 {
		return
	}
	at := func(leaf string) []string { return []string{"attrs", "list", "element", leaf} }
	w.out.Strings(at("key"), columns.Text, w.table, l.keys, l.levels)
	w.out.Numbers(at("type"), format.Int32, columns.Plain, l.types, l.levels)
	w.out.Strings(at("value"), columns.Text, w.table, l.texts, l.levels)
}

// physical is how Parquet stores a type that is no string.
func physical(t model.ValueType) format.Type {
	switch t {
	case model.TypeDouble:
		return format.Double
	case model.TypeBool:
		return format.Boolean
	default:
		return format.Int64
	}
}

func (w *spanWriter) gatherAttrs() *attrGatherer {
	plan, kinds := planAttrs(w.sources, len(w.refs), func(id uint32) string { return string(w.table.Bytes(id)) })
	g := &attrGatherer{table: w.table, plan: plan, columns: make([]attrColumn, 1, len(kinds)+1)}
	n := len(w.refs)
	g.shapes = make([]uint32, 0, n)
	for _, k := range kinds {
		c := attrColumn{attrKind: k, levels: columns.Levels{Def: make([]uint8, n)}}
		if k.typ == model.TypeString {
			c.texts = make([]uint32, 0, k.count)
		} else {
			c.numbers = make([]uint64, 0, k.count)
		}
		g.columns = append(g.columns, c)
	}
	for row, r := range w.refs {
		s := w.sources[r.batch]
		g.span(row, s, s.Span(int(r.row)).Attrs())
	}
	return g
}

// span takes the attributes of one span apart. Its shape says which went where,
// a byte each: the number of a column, or 0 for the next in the list. It is
// empty when all are in the list.
func (g *attrGatherer) span(row int, s *source, attrs []model.Attr) {
	g.shape = g.shape[:0]
	listed := 0
	for _, a := range attrs {
		number := uint8(0)
		if n := g.plan.kind(s, a); n > 0 {
			number = g.plan.kinds[n-1].column
		}
		// The second of a key goes to the list: a column has room for one.
		if c := &g.columns[number]; number > 0 && c.row <= row {
			c.row, c.levels.Def[row] = row+1, 1
			if c.typ == model.TypeString {
				c.texts = append(c.texts, s.str(model.Ref(a.Bits)))
			} else {
				c.numbers = append(c.numbers, a.Bits)
			}
		} else {
			number = 0
			g.list.add(g.table, s, a, listed)
			listed++
		}
		g.shape = append(g.shape, number)
	}
	if listed == 0 {
		g.list.levels.Def, g.list.levels.Rep = append(g.list.levels.Def, 0), append(g.list.levels.Rep, 0)
	}
	if listed == len(attrs) {
		g.shape = g.shape[:0]
	}
	g.shapes = append(g.shapes, g.table.Intern(g.shape))
}

// add appends an attribute as entry i of its span's list.
func (l *attrList) add(table *columns.Strings, s *source, a model.Attr, i int) {
	var text uint32
	if a.Type == model.TypeString {
		text = s.str(model.Ref(a.Bits))
	} else {
		l.text = appendText(l.text[:0], s.Value(a))
		text = table.Intern(l.text)
	}
	l.keys, l.types, l.texts = append(l.keys, s.str(a.Key)), append(l.types, uint64(a.Type)), append(l.texts, text)
	l.levels.Def, l.levels.Rep = append(l.levels.Def, 1), append(l.levels.Rep, uint8(min(i, 1)))
}
