package store

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/block"
)

// Rollups yields the rollups a query selects. One key may come many times: they
// add up. What is yielded belongs to the caller.
func (s *Store) Rollups(ctx context.Context, q model.RollupQuery) iter.Seq2[*model.Rollup, error] {
	return func(yield func(*model.Rollup, error) bool) {
		v := s.view()
		defer v.release()
		for _, d := range v.derived {
			for _, r := range d.copies(func(k model.RollupKey) bool { return matchRollup(k, q) }) {
				if !yield(r, nil) {
					return
				}
			}
		}
		for _, b := range v.blocks {
			rollups, err := blockRollups(ctx, b, q)
			if err = v.failed(b, err); err != nil {
				yield(nil, fmt.Errorf("rollups: %w", err))
				return
			}
			for _, r := range rollups {
				if !yield(r, nil) {
					return
				}
			}
		}
	}
}

func matchRollup(k model.RollupKey, q model.RollupQuery) bool {
	return block.Overlaps(k.Bucket, q) && (q.Operation == "" || k.Operation == q.Operation) &&
		(q.Environment == "" || k.Environment == q.Environment)
}

// blockRollups returns a block's rollups only once all of them were read, so
// that a damaged block adds nothing.
func blockRollups(ctx context.Context, b *blockRef, q model.RollupQuery) ([]*model.Rollup, error) {
	m := b.Meta
	if m.Rollups == 0 || !block.Overlaps(m.RollupMaxTime, model.RollupQuery{From: q.From}) || (q.To != 0 && m.RollupMinTime >= q.To) {
		return nil, nil
	}
	var out []*model.Rollup
	err := b.Rollups(ctx, q, func(r *model.Rollup) bool {
		out = append(out, r)
		return true
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Resources returns the resources that had spans in [from, to), Unix ns, a zero
// to having no bound, with when they were first and last seen there. The times
// are as exact as a block: a resource seen in it counts for all of its own time
// in it.
func (s *Store) Resources(ctx context.Context, from, to int64) ([]model.SeenResource, error) {
	v := s.view()
	defer v.release()
	seen := map[model.ResourceInfo]model.SeenResource{}
	add := func(r model.SeenResource) {
		if r.Last < from || (to != 0 && r.First >= to) {
			return
		}
		have, ok := seen[r.ResourceInfo]
		if !ok {
			seen[r.ResourceInfo] = r
			return
		}
		have.First, have.Last = min(have.First, r.First), max(have.Last, r.Last)
		seen[r.ResourceInfo] = have
	}
	for _, batches := range v.heads {
		for _, r := range block.SeenResources(batches) {
			add(owned(r))
		}
	}
	for _, b := range v.blocks {
		for _, r := range b.Meta.Resources {
			add(r.Model())
		}
	}
	out := slices.SortedFunc(maps.Values(seen), func(x, y model.SeenResource) int {
		return cmp.Or(strings.Compare(x.Service, y.Service), strings.Compare(x.Namespace, y.Namespace),
			strings.Compare(x.Instance, y.Instance), cmp.Compare(x.First, y.First))
	})
	return out, ctx.Err()
}

// owned copies the strings of a resource out of its batch.
func owned(r model.SeenResource) model.SeenResource {
	i := &r.ResourceInfo
	for _, p := range []*string{&i.Service, &i.Namespace, &i.Version, &i.Instance, &i.Pod, &i.Node, &i.Deployment, &i.Environment} {
		*p = strings.Clone(*p)
	}
	return r
}
