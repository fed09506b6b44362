package block

import (
	"encoding/binary"

	"github.com/flowscope/flowscope/internal/model"
)

// tables collects the resources and scopes of many batches, each once.
type tables struct {
	rows []resourceRow
	ids  map[string]int32
	next map[string]int32 // by kind
	seen map[*model.Batch]*tableIDs
	key  []byte
}

// tableIDs are a batch's resources and scopes as numbered in the block.
type tableIDs struct{ resources, scopes []int32 }

const (
	kindResource = "resource"
	kindScope    = "scope"
)

func newTables() *tables {
	return &tables{ids: map[string]int32{}, next: map[string]int32{}, seen: map[*model.Batch]*tableIDs{}}
}

// of numbers what a batch refers to.
func (t *tables) of(b *model.Batch) *tableIDs {
	ids := t.seen[b]
	if ids != nil {
		return ids
	}
	ids = &tableIDs{make([]int32, len(b.Resources)), make([]int32, len(b.Scopes))}
	for i, r := range b.Resources {
		row := resourceRow{Kind: kindResource, SchemaURL: b.Strings.Get(r.SchemaURL), Dropped: int64(r.DroppedAttrs)}
		if v, ok := b.Find(b.Side(r.Attrs), "service.name"); ok && v.Type == model.TypeString {
			row.Name = v.Str
		}
		if v, ok := b.Find(b.Side(r.Attrs), "service.version"); ok && v.Type == model.TypeString {
			row.Version = v.Str
		}
		ids.resources[i] = t.add(row, b, r.Attrs)
	}
	for i, s := range b.Scopes {
		row := resourceRow{Kind: kindScope, Name: b.Strings.Get(s.Name), Version: b.Strings.Get(s.Version),
			SchemaURL: b.Strings.Get(s.SchemaURL), Dropped: int64(s.DroppedAttrs)}
		ids.scopes[i] = t.add(row, b, s.Attrs)
	}
	t.seen[b] = ids
	return ids
}

// add returns the number of a row, which it completes and keeps when it is new.
func (t *tables) add(row resourceRow, b *model.Batch, attrs model.Range) int32 {
	t.key = append(t.key[:0], row.Kind...)
	for _, s := range []string{row.Name, row.Version, row.SchemaURL} {
		t.key = appendKeyPart(t.key, s)
	}
	t.key = binary.AppendVarint(t.key, row.Dropped)
	for _, a := range b.Side(attrs) {
		v := b.Value(a)
		t.key = appendKeyPart(t.key, b.Strings.Get(a.Key))
		t.key = appendKeyPart(append(t.key, byte(v.Type)), v.Str)
		t.key = binary.AppendUvarint(t.key, v.Bits)
	}
	if id, ok := t.ids[string(t.key)]; ok {
		return id
	}
	row.ID = t.next[row.Kind]
	t.next[row.Kind]++
	t.ids[string(t.key)] = row.ID
	for _, a := range b.Side(attrs) {
		v := b.Value(a)
		row.Attrs = append(row.Attrs, attrRow{b.Strings.Get(a.Key), int32(v.Type), string(appendText(nil, v))})
	}
	t.rows = append(t.rows, row)
	return row.ID
}

func appendKeyPart(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}
