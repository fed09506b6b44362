package inprocess

import (
	"context"
	"maps"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/query"
	"github.com/flowscope/flowscope/internal/query/held"
)

// reader answers a query.Engine from what a View holds.
type reader struct{ *View }

var _ query.Reader = reader{}

// locked brings what is held up to date for an answer.
func (r reader) locked(ctx context.Context, answer func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return answer()
}

func (r reader) Trace(ctx context.Context, id model.TraceID) (t *model.Trace, err error) {
	err = r.locked(ctx, func() error {
		r.kept.sync()
		t, err = r.kept.trace(id)
		return err
	})
	return t, err
}

func (r reader) Flows(ctx context.Context, q model.FlowQuery) (page model.FlowPage, err error) {
	err = r.locked(ctx, func() error {
		r.kept.sync()
		page = held.Flows(r.kept.rows(), q)
		return nil
	})
	return page, err
}

func (r reader) FindTraces(ctx context.Context, q model.TraceQuery) (page model.TracePage, err error) {
	err = r.locked(ctx, func() error {
		r.kept.sync()
		page = held.Traces(r.kept.rows(), func(id model.TraceID) []model.Span {
			t, err := r.kept.trace(id)
			if err != nil {
				return nil // forgotten meanwhile
			}
			return t.Spans
		}, q)
		return nil
	})
	return page, err
}

func (r reader) Rollups(ctx context.Context, q model.RollupQuery) (sums model.Rollups, err error) {
	err = r.locked(ctx, func() error {
		r.counted.sync()
		all := maps.Values(r.counted.rollups)
		sums.List = held.Rollups(func(yield func(*model.Rollup) bool) {
			for one := range all {
				if one.Flows != 0 && !yield(one) { // it was taken back when more of its flow came
					return
				}
			}
		}, q)
		return nil
	})
	return sums, err
}

func (r reader) Resources(ctx context.Context, from, to int64) (seen model.SeenResources, err error) {
	err = r.locked(ctx, func() error {
		r.kept.sync()
		if s := r.kept.resource; s != nil && s.Last >= from && s.First < to {
			seen.List = []model.SeenResource{*s}
		}
		return nil
	})
	return seen, err
}
