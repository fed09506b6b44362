package block

import (
	"cmp"
	"slices"

	"github.com/flowscope/flowscope/internal/model"
)

const (
	// maxAttrColumns bounds what a lookup of one trace has to open, and keeps a
	// column's number in one byte of attr_shape.
	maxAttrColumns = 96
	// An attribute gets a column of its own from one span in so many on, and
	// from so many spans: below, its pages are more header than content.
	attrColumnShare = 200
	attrColumnLeast = 32
	// attrPrefix tells the columns of attributes from the others.
	attrPrefix = "attr."
)

// columnTypes are the types that can have a column: those that Parquet has, too.
const columnTypes = 4

// columnType numbers them from 0; ok is false for the others.
func columnType(t model.ValueType) (i int, ok bool) {
	switch t {
	case model.TypeString:
		return 0, true
	case model.TypeInt:
		return 1, true
	case model.TypeDouble:
		return 2, true
	case model.TypeBool:
		return 3, true
	default:
		return 0, false
	}
}

// attrKind is a key with a type. count is how many attributes are of it.
type attrKind struct {
	key    uint32 // in the table of strings
	typ    model.ValueType
	count  int
	column uint8 // from 1; 0 is the list
}

// attrPlan decides which attributes get a column of their own: a key's most
// frequent type, when it is frequent enough.
type attrPlan struct {
	kinds   []attrKind
	numbers map[[2]uint32]uint16 // key and type to the place in kinds + 1
}

// maxAttrKinds bounds the plan; attributes above it are listed.
const maxAttrKinds = 1 << 14

// kind returns the number of an attribute's kind, from 1; 0 when it cannot have
// a column.
func (p *attrPlan) kind(s *source, a model.Attr) uint16 {
	t, ok := columnType(a.Type)
	if !ok || a.Key == 0 {
		return 0
	}
	known := &s.kinds[int(a.Key)*columnTypes+t]
	if *known != 0 {
		return *known - 1
	}
	key := [2]uint32{s.str(a.Key), uint32(a.Type)}
	n, ok := p.numbers[key]
	if !ok && len(p.kinds) < maxAttrKinds {
		p.kinds = append(p.kinds, attrKind{key: key[0], typ: a.Type})
		n = uint16(len(p.kinds))
		p.numbers[key] = n
	}
	*known = n + 1
	return n
}

// planAttrs counts the attributes of all batches. It returns the kinds with a
// column, in the order of their keys.
func planAttrs(sources []*source, spans int, name func(id uint32) string) (*attrPlan, []attrKind) {
	p := &attrPlan{numbers: map[[2]uint32]uint16{}}
	for _, s := range sources {
		for _, a := range s.Attrs {
			if n := p.kind(s, a); n > 0 {
				p.kinds[n-1].count++
			}
		}
	}
	var chosen []*attrKind
	best := map[uint32]*attrKind{}
	for i := range p.kinds {
		if k := &p.kinds[i]; best[k.key] == nil || best[k.key].count < k.count {
			best[k.key] = k
		}
	}
	for _, k := range best {
		if k.count >= max(spans/attrColumnShare, attrColumnLeast) {
			chosen = append(chosen, k)
		}
	}
	slices.SortFunc(chosen, func(x, y *attrKind) int {
		return cmp.Or(cmp.Compare(y.count, x.count), cmp.Compare(name(x.key), name(y.key)))
	})
	chosen = chosen[:min(len(chosen), maxAttrColumns)]
	slices.SortFunc(chosen, func(x, y *attrKind) int { return cmp.Compare(name(x.key), name(y.key)) })
	out := make([]attrKind, len(chosen))
	for i, k := range chosen {
		k.column = uint8(i + 1)
		out[i] = *k
	}
	return p, out
}
