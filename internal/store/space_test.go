package store_test

import (
	"context"
	"errors"
	"math"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store"
	"github.com/flowscope/flowscope/internal/store/storetest"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

func limited(mem *vfs.Mem, space int64) *vfs.Fault {
	disk := &vfs.Fault{FS: mem, Space: new(atomic.Int64)}
	disk.Space.Store(space)
	return disk
}

// Below its reserve the store takes nothing more, and what it has taken still
// fits into blocks. Nothing needs to be done when space returns.
func TestNearlyFullDisk(t *testing.T) {
	mem := vfs.NewMem()
	disk := limited(mem, 1<<30)
	cfg := config(disk)
	cfg.MinFree = 100 << 20
	s := start(t, cfg)
	gen, ctx := storetest.NewGen(1), context.Background()
	kept := gen.Batch(20, 50)
	ok(t, s.Append(ctx, kept))
	disk.Space.Store(cfg.MinFree - 1)
	for range 2 {
		err := s.Append(ctx, gen.Batch(2, 5))
		var later interface{ RetryAfter() time.Duration }
		if !errors.Is(err, store.ErrLow) || !errors.As(err, &later) || later.RetryAfter() <= 0 {
			t.Fatalf("append below the reserve = %v, want ErrLow and when to come back", err)
		}
	}
	if err := s.Health(); !errors.Is(err, store.ErrLow) {
		t.Errorf("Health of a disk that is nearly full = %v", err)
	}
	ok(t, s.Flush(ctx))
	holds(t, "while nearly full", s, []*model.Batch{kept})
	disk.Space.Store(1 << 30)
	ok(t, s.Health())
	after := gen.Batch(2, 5)
	ok(t, s.Append(ctx, after))
	holds(t, "after a crash", start(t, config(mem.Crash(nil))), []*model.Batch{kept, after})
	if st := s.Stats(); st.AppendLow != 2 || st.AppendErrors+st.BlockWriteErrors != 0 || st.FreeBytes > 1<<30 {
		t.Errorf("stats = %+v", st)
	}
}

// With no reserve configured there is still one: what was taken always fits into
// blocks, however little space there is and whatever comes.
func TestWhatWasTakenFits(t *testing.T) {
	disk := limited(vfs.NewMem(), 12<<20)
	s := start(t, config(disk))
	gen, ctx := storetest.NewGen(2), context.Background()
	var taken []*model.Batch
	for {
		b := gen.Batch(50, 20)
		err := s.Append(ctx, b)
		if errors.Is(err, store.ErrLow) {
			break
		}
		ok(t, err)
		taken = append(taken, b)
	}
	ok(t, s.Flush(ctx))
	if holds(t, "on a disk that filled up", s, taken); len(taken) < 3 {
		t.Errorf("only %d batches were taken", len(taken))
	}
}

// A filesystem that says nothing of its space, as with a quota, is found full by
// a write that fails. A real write finds out when it no longer is.
func TestFullDisk(t *testing.T) {
	for name, free := range map[string]func() (int64, error){
		"a quota":       func() (int64, error) { return math.MaxInt64, nil },
		"it cannot say": func() (int64, error) { return 0, syscall.ENOSYS },
	} {
		t.Run(name, func(t *testing.T) {
			mem := vfs.NewMem()
			fault := limited(mem, 1<<30)
			s := start(t, config(silent{fault, free}))
			gen, ctx := storetest.NewGen(1), context.Background()
			kept := gen.Batch(2, 5)
			ok(t, s.Append(ctx, kept))
			for _, space := range []int64{0, 1, 100} {
				fault.Space.Store(space)
				if err := s.Append(ctx, gen.Batch(2, 5)); !errors.Is(err, store.ErrFull) {
					t.Fatalf("append with %d bytes left = %v, want ErrFull", space, err)
				}
				if err := s.Flush(ctx); err == nil {
					t.Fatal("a flush to a full disk succeeded")
				}
			}
			if err := s.Health(); !errors.Is(err, store.ErrFull) {
				t.Errorf("Health of a full disk = %v", err)
			}
			holds(t, "while full", s, []*model.Batch{kept})
			fault.Space.Store(1 << 30)
			after := gen.Batch(2, 5)
			ok(t, s.Append(ctx, after))
			ok(t, s.Flush(ctx))
			ok(t, s.Health())
			holds(t, "when space returned", s, []*model.Batch{kept, after})
			holds(t, "after a crash", start(t, config(mem.Crash(nil))), []*model.Batch{kept, after})
			if st := s.Stats(); st.AppendErrors != 3 || st.UnflushedBytes != 0 || st.LiveSpans != 0 {
				t.Errorf("stats = %+v", st)
			}
		})
	}
}

// silent is a filesystem that does not know its limit.
type silent struct {
	*vfs.Fault
	free func() (int64, error)
}

func (s silent) Free(string) (int64, error) { return s.free() }

// A store that no sender reaches, because it said that it is not ready, finds out
// by itself that its disk works again. Blocks are written with zstd encoders that
// tests share, so the time is the real one.
func TestRecoversWithoutSenders(t *testing.T) {
	var failing atomic.Bool
	disk := &vfs.Fault{FS: vfs.NewMem(), Hook: func(op vfs.Op, _ string) error {
		if op == vfs.OpSync && failing.Load() {
			return syscall.EIO
		}
		return nil
	}}
	s := start(t, config(disk))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- s.Run(ctx) }()
	gen := storetest.NewGen(3)
	ok(t, s.Append(ctx, gen.Batch(1, 1)))
	failing.Store(true)
	if err := s.Append(ctx, gen.Batch(1, 1)); !errors.Is(err, store.ErrUnavailable) || s.Health() == nil {
		t.Errorf("append with a failing sync = %v, health %v", err, s.Health())
	}
	failing.Store(false)
	for deadline := time.After(20 * time.Second); s.Health() != nil; {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-deadline:
			t.Fatalf("the disk works again, and still: %v", s.Health())
		}
	}
	if st := s.Stats(); st.WALBroken != 1 {
		t.Errorf("%d segments broken, want 1", st.WALBroken)
	}
	cancel()
	ok(t, <-done)
}
