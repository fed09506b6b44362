package block

import (
	"context"
	"fmt"

	"github.com/parquet-go/parquet-go"

	"github.com/flowscope/flowscope/internal/model"
)

// readTables are the resources and scopes of a block, by their ids.
type readTables struct{ resources, scopes []resourceRow }

// tables reads resources.parquet, once until Close.
func (b *Block) tables(ctx context.Context) (*readTables, error) {
	b.mu.Lock()
	t := b.known
	b.mu.Unlock()
	if t != nil {
		return t, nil
	}
	t = &readTables{}
	err := b.read(ctx, resourcesFile, func(group parquet.RowGroup) error {
		return readRows(group, rowRange{0, group.NumRows()}, func(r *resourceRow) bool {
			if r.Kind == kindResource {
				t.resources = append(t.resources, *r)
			} else {
				t.scopes = append(t.scopes, *r)
			}
			return true
		})
	})
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	b.known = t
	b.mu.Unlock()
	return t, nil
}

// allTables is a batch without spans and with all resources and scopes of the
// block, at the places their ids say.
func (b *Block) allTables(ctx context.Context) (*model.Batch, error) {
	t, err := b.tables(ctx)
	if err != nil {
		return nil, err
	}
	out := newSpanBatch(t)
	for id := range t.resources {
		if _, err := out.resource(uint64(id)); err != nil {
			return nil, &CorruptError{b.Meta.ID, resourcesFile, err}
		}
	}
	for id := range t.scopes {
		if _, err := out.scope(uint64(id)); err != nil {
			return nil, &CorruptError{b.Meta.ID, resourcesFile, err}
		}
	}
	out.Seal()
	return out.Batch, nil
}

// spanBatch is a batch that spans are read into, with the resources and scopes
// that they point at: a block may have many more.
type spanBatch struct {
	*model.Batch
	from              *readTables
	resources, scopes map[uint64]uint32 // by id: the place in the batch
}

func newSpanBatch(t *readTables) *spanBatch {
	return &spanBatch{Batch: &model.Batch{}, from: t, resources: map[uint64]uint32{}, scopes: map[uint64]uint32{}}
}

// resource is the place of a resource in the batch.
func (b *spanBatch) resource(id uint64) (uint32, error) {
	if at, ok := b.resources[id]; ok {
		return at, nil
	}
	if err := within("resource", id, len(b.from.resources)); err != nil {
		return 0, err
	}
	row := &b.from.resources[id]
	side, err := b.side(row)
	if err != nil {
		return 0, err
	}
	at := uint32(len(b.Resources))
	b.Resources = append(b.Resources, model.Resource{
		Attrs: side, SchemaURL: b.Strings.InternString(row.SchemaURL), DroppedAttrs: uint32(row.Dropped),
	})
	b.resources[id] = at
	return at, nil
}

// scope is the place of a scope in the batch.
func (b *spanBatch) scope(id uint64) (uint32, error) {
	if at, ok := b.scopes[id]; ok {
		return at, nil
	}
	if err := within("scope", id, len(b.from.scopes)); err != nil {
		return 0, err
	}
	row := &b.from.scopes[id]
	side, err := b.side(row)
	if err != nil {
		return 0, err
	}
	at := uint32(len(b.Scopes))
	b.Scopes = append(b.Scopes, model.Scope{
		Name: b.Strings.InternString(row.Name), Version: b.Strings.InternString(row.Version),
		Attrs: side, SchemaURL: b.Strings.InternString(row.SchemaURL), DroppedAttrs: uint32(row.Dropped),
	})
	b.scopes[id] = at
	return at, nil
}

// side appends the attributes of a resource or a scope.
func (b *spanBatch) side(row *resourceRow) (model.Range, error) {
	side := model.Range{Off: uint32(len(b.SideAttrs)), Len: uint32(len(row.Attrs))}
	for _, a := range row.Attrs {
		v, err := parseText(model.ValueType(a.Type), a.Value)
		if err != nil {
			return side, fmt.Errorf("attribute %q: %w", a.Key, err)
		}
		b.SideAttrs = append(b.SideAttrs, b.NewAttr(a.Key, v))
	}
	return side, nil
}
