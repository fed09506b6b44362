package store

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// eachBlock reads from blocks of a view, as many at once as there are
// processors, and returns what they yielded, in their order. A damaged block is
// quarantined and yields the zero value; any other error ends the reading.
func eachBlock[T any](ctx context.Context, v *view, blocks []*blockRef, read func(ctx context.Context, b *blockRef) (T, error)) ([]T, error) {
	out, errs := make([]T, len(blocks)), make([]error, len(blocks))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(blocks)) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(blocks) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if out[i], errs[i] = read(ctx, blocks[i]); errs[i] != nil && !isCorrupt(errs[i]) {
					cancel(errs[i])
				}
			}
		})
	}
	workers.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	for i, err := range errs {
		if err = v.failed(blocks[i], err); err != nil {
			return nil, err
		}
		if errs[i] != nil {
			var none T
			out[i] = none
		}
	}
	return out, nil
}
