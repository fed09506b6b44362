package query

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
)

func TestEach(t *testing.T) {
	var seen [100]atomic.Int32
	for _, n := range []int{0, 1, len(seen)} {
		err := each(t.Context(), n, func(_ context.Context, i int) error {
			seen[i].Add(1)
			return nil
		})
		if err != nil {
			t.Errorf("%d: %v", n, err)
		}
	}
	for i := range seen {
		want := int32(1)
		if i == 0 {
			want = 2
		}
		if got := seen[i].Load(); got != want {
			t.Errorf("%d is done %d times, want %d", i, got, want)
		}
	}
}

// A failure ends what waits beside it and what has not begun.
func TestEachFails(t *testing.T) {
	broken := errors.New("broken")
	var done atomic.Int32
	err := each(t.Context(), 1_000_000, func(ctx context.Context, i int) error {
		done.Add(1)
		if i == 3 {
			return broken
		}
		if i > 3 {
			<-ctx.Done()
			return ctx.Err()
		}
		return nil
	})
	if !errors.Is(err, broken) || done.Load() > 1000 {
		t.Errorf("%v after %d", err, done.Load())
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	err = each(stopped, 5, func(context.Context, int) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}
