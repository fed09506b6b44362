package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/block"
)

// Rollups adds up the rollups a query selects. What it returns is the caller's.
func (s *Store) Rollups(ctx context.Context, q model.RollupQuery) (model.Rollups, error) {
	v := s.view()
	defer v.release()
	sums, err := s.shared.rollups(ctx, v, q)
	if err != nil {
		return model.Rollups{}, fmt.Errorf("rollups: %w", err)
	}
	for _, d := range v.derived {
		d.addTo(sums)
	}
	return model.Rollups{List: sums.Rollups(), Partial: v.partial}, nil
}

// readable are the blocks that nothing is wrong with, as far as is known.
func (v *view) readable() []*blockRef {
	return slices.DeleteFunc(slices.Clone(v.blocks), func(b *blockRef) bool { return b.bad.Load() != nil })
}

// addBlocks adds up blocks on all cores. It returns the block that failed.
func addBlocks(ctx context.Context, blocks []*blockRef, q model.RollupQuery) (*block.RollupSums, *blockRef, error) {
	type failure struct {
		at  *blockRef
		err error
	}
	workers := max(1, min(runtime.GOMAXPROCS(0), len(blocks)))
	sums, failed := make([]*block.RollupSums, workers), make([]failure, workers)
	var next atomic.Int64
	var wait sync.WaitGroup
	for w := range workers {
		sums[w] = block.NewRollupSums(q)
		wait.Go(func() {
			for failed[w].err == nil {
				i := int(next.Add(1)) - 1
				if i >= len(blocks) {
					return
				}
				failed[w] = failure{blocks[i], blocks[i].AddRollups(ctx, sums[w])}
			}
		})
	}
	wait.Wait()
	for w := range workers {
		if failed[w].err != nil {
			return nil, failed[w].at, failed[w].err
		}
		if w > 0 {
			sums[0].Merge(sums[w])
		}
	}
	return sums[0], nil, nil
}

// Resources returns the resources that had spans in [from, to), Unix ns, a zero
// to having no bound, with when they were first and last seen there. The times
// are as exact as a block: a resource seen in it counts for all of its own time
// in it.
func (s *Store) Resources(ctx context.Context, from, to int64) (model.SeenResources, error) {
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
	return model.SeenResources{List: out, Partial: v.partial}, ctx.Err()
}

// owned copies the strings of a resource out of its batch.
func owned(r model.SeenResource) model.SeenResource {
	i := &r.ResourceInfo
	for _, p := range []*string{&i.Service, &i.Namespace, &i.Version, &i.Instance, &i.Pod, &i.Node, &i.Deployment, &i.Environment} {
		*p = strings.Clone(*p)
	}
	return r
}
