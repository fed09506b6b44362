package inprocess

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/query"
	"github.com/flowscope/flowscope/internal/query/held"
)

// reader answers a query.Engine from what a View holds.
type reader struct{ *View }

var (
	_ query.Reader   = reader{}
	_ query.Beginner = reader{}
)

// locked answers while nothing changes, unless nobody waits any more.
func locked(ctx context.Context, l sync.Locker, answer func() error) error {
	l.Lock()
	defer l.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	return answer()
}

// Began is from when on flows are counted.
func (r reader) Began() time.Time {
	began, kept := r.source.Status().Since, r.source.Now().Add(-keepRollups)
	if began.Before(kept) {
		return kept
	}
	return began
}

func (r reader) Trace(ctx context.Context, id model.TraceID) (t *model.Trace, err error) {
	err = locked(ctx, r.kept, func() error {
		r.kept.sync()
		t, err = r.kept.trace(id)
		return err
	})
	return t, err
}

func (r reader) Flows(ctx context.Context, q model.FlowQuery) (page model.FlowPage, err error) {
	err = locked(ctx, r.kept, func() error {
		r.kept.sync()
		page = held.Flows(r.kept.rows(), q)
		return nil
	})
	return page, err
}

func (r reader) FindTraces(ctx context.Context, q model.TraceQuery) (page model.TracePage, err error) {
	err = locked(ctx, r.kept, func() error {
		r.kept.sync()
		page = held.Traces(r.kept.rows(), func(id model.TraceID) []model.Span {
			t, err := r.kept.trace(id)
			if err != nil || ctx.Err() != nil {
				return nil // forgotten meanwhile, or of no use any more
			}
			return t.Spans
		}, q)
		return ctx.Err()
	})
	return page, err
}

func (r reader) Rollups(ctx context.Context, q model.RollupQuery) (sums model.Rollups, err error) {
	err = locked(ctx, r.counted, func() error {
		r.counted.sync()
		sums.List = held.Rollups(maps.Values(r.counted.rollups), q)
		return nil
	})
	return sums, err
}

func (r reader) Resources(ctx context.Context, from, to int64) (seen model.SeenResources, err error) {
	err = locked(ctx, r.kept, func() error {
		r.kept.sync()
		if s := r.kept.resource; s != nil && s.Last >= from && s.First < to {
			seen.List = []model.SeenResource{*s}
		}
		return nil
	})
	return seen, err
}
