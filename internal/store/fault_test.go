package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store"
	"github.com/flowscope/flowscope/internal/store/storetest"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

// start opens and starts a store without an observer and closes it at the end.
func start(tb testing.TB, cfg store.Config) *store.Store {
	tb.Helper()
	s, err := store.Open(cfg)
	ok(tb, err)
	ok(tb, s.Start(context.Background(), nil))
	tb.Cleanup(func() { ok(tb, s.Close()) })
	return s
}

// A failed fsync loses nothing acknowledged, its segment is not used again, and
// the store goes on in a new one.
func TestFailedSync(t *testing.T) {
	mem := vfs.NewMem()
	var failing atomic.Bool
	disk := &vfs.Fault{FS: mem, Hook: func(op vfs.Op, name string) error {
		if op == vfs.OpSync && strings.HasSuffix(name, ".wal") && failing.Load() {
			return errors.New("EIO")
		}
		return nil
	}}
	s := start(t, config(disk))
	gen, ctx := storetest.NewGen(2), context.Background()
	before := gen.Batch(2, 5)
	ok(t, s.Append(ctx, before))
	failing.Store(true)
	for range 3 {
		if err := s.Append(ctx, gen.Batch(1, 5)); !errors.Is(err, store.ErrUnavailable) {
			t.Fatalf("append with a failing sync = %v, want ErrUnavailable", err)
		}
	}
	if s.Health() == nil {
		t.Error("Health is good while no sync works")
	}
	if st := s.Stats(); st.WALBroken != 1 || st.AppendErrors != 3 {
		t.Errorf("%d segments given up, %d groups failed; want 1 and 3", st.WALBroken, st.AppendErrors)
	}
	failing.Store(false)
	after := gen.Batch(2, 5)
	ok(t, s.Append(ctx, after))
	ok(t, s.Health())
	holds(t, "after the disk recovered", s, []*model.Batch{before, after})
	again := start(t, config(mem.Crash(nil)))
	holds(t, "after a crash", again, []*model.Batch{before, after})
}

// flipByte changes one byte of a file.
func flipByte(t *testing.T, fs vfs.FS, path string) {
	t.Helper()
	whole, err := vfs.ReadFile(fs, path, 1<<20)
	ok(t, err)
	whole[rand.IntN(len(whole))] ^= 0x40
	ok(t, fs.Remove(path))
	ok(t, vfs.WriteFile(fs, path, whole))
	ok(t, fs.SyncDir(filepath.Dir(path)))
}

// One flipped byte anywhere in a block takes that block out of the answers,
// says so, and leaves the rest.
func TestDamagedBlock(t *testing.T) {
	ctx := context.Background()
	for _, name := range []string{"spans.parquet", "resources.parquet", "flows.parquet", "rollups.parquet", "meta.json", "sums"} {
		mem, gen := vfs.NewMem(), storetest.NewGen(3)
		s := start(t, config(mem))
		batches := []*model.Batch{gen.Batch(3, 5), gen.Batch(3, 5)}
		for i, b := range batches {
			ok(t, s.Append(ctx, b))
			s.PutFlow(storetest.Flow(b.TraceIDs[0], storetest.Epoch+int64(i), i), nil)
			ok(t, s.Flush(ctx))
		}
		ids, err := mem.ReadDir("data/blocks")
		ok(t, err)
		flipByte(t, mem, filepath.Join("data/blocks", ids[0], name))
		disk := mem.Crash(nil)
		again := start(t, config(disk))
		holds(t, name, again, batches[1:])
		if name == "spans.parquet" || name == "resources.parquet" {
			if _, err := again.Trace(ctx, batches[0].TraceIDs[0]); !errors.Is(err, model.ErrNotFound) || !errors.Is(err, model.ErrPartial) {
				t.Errorf("%s: a trace of the damaged block: %v", name, err)
			}
		}
		_, err = again.Flows(ctx, model.FlowQuery{})
		ok(t, err)
		counted, err := again.Rollups(ctx, model.RollupQuery{})
		ok(t, err)
		if damaged := len(again.Stats().Quarantined) > 0; counted.Partial != damaged || (damaged && storetest.RollupsOf(counted.List).Flows() != 1) {
			t.Errorf("%s: %d flows in rollups, partial %v", name, storetest.RollupsOf(counted.List).Flows(), counted.Partial)
		}
		seen, err := again.Resources(ctx, 0, 0)
		if damaged := len(again.Stats().Quarantined) > 0; err != nil || seen.Partial != damaged {
			t.Errorf("%s: resources are partial %v, %v", name, seen.Partial, err)
		}
		page, err := again.Flows(ctx, model.FlowQuery{})
		if st := again.Stats(); err != nil || st.BlocksQuarantined != 1 || len(st.Quarantined) != 1 || !page.Partial || page.Total != 1 {
			t.Errorf("%s: %v, page %+v, stats %+v; want one quarantined block and a partial answer", name, err, page, st)
		}
		ok(t, again.Append(ctx, gen.Batch(1, 1)))
		ok(t, again.Flush(ctx))
		ok(t, again.Maintain(ctx))
		ok(t, again.Health())
	}
}

// A WAL that is torn anywhere gives back every batch that is whole in it. The
// package wal tries every length; here it is the header, the ends, and a sample.
func TestTornWAL(t *testing.T) {
	mem, gen, ctx := vfs.NewMem(), storetest.NewGen(4), context.Background()
	s := start(t, config(mem))
	batches := []*model.Batch{gen.Batch(1, 1), gen.Batch(1, 2)}
	path := "data/wal/0000000000000001.wal"
	var ends []int
	for _, b := range batches {
		ok(t, s.Append(ctx, b))
		whole, err := vfs.ReadFile(mem, path, 1<<20)
		ok(t, err)
		ends = append(ends, len(whole))
	}
	whole, err := vfs.ReadFile(mem, path, 1<<20)
	ok(t, err)
	for n := range len(whole) + 1 {
		if n > 20 && n%13 != 0 && !slices.Contains(ends, n) && !slices.Contains(ends, n+1) {
			continue
		}
		disk := mem.Crash(nil)
		f, err := disk.OpenAppend(path)
		ok(t, err)
		ok(t, errors.Join(f.Truncate(int64(n)), f.Sync(), f.Close()))
		again, err := store.Open(config(disk))
		ok(t, err)
		ok(t, again.Start(ctx, nil))
		whole := 0
		for _, end := range ends {
			if n >= end {
				whole++
			}
		}
		holds(t, fmt.Sprint("cut at ", n), again, batches[:whole])
		st := again.Stats()
		torn := int64(1)
		if n == 16 || slices.Contains(ends, n) {
			torn = 0
		}
		if st.WALTorn != torn || st.WALCorrupt != 0 || st.LiveSpans != []int64{0, 1, 3}[whole] {
			t.Fatalf("cut at %d: %+v", n, st)
		}
		ok(t, again.Append(ctx, batches[1]))
		ok(t, again.Close())
	}
}

// Damage in the middle of a segment costs the rest of it, is kept for a look,
// and is not met again.
func TestDamagedWAL(t *testing.T) {
	mem, gen, ctx := vfs.NewMem(), storetest.NewGen(5), context.Background()
	s := start(t, config(mem))
	batches := []*model.Batch{gen.Batch(1, 3), gen.Batch(1, 3), gen.Batch(1, 3)}
	path, middle := "data/wal/0000000000000001.wal", 0
	for i, b := range batches {
		ok(t, s.Append(ctx, b))
		if whole, err := vfs.ReadFile(mem, path, 1<<20); err == nil && i == 0 {
			middle = len(whole) + 40
		}
	}
	whole, err := vfs.ReadFile(mem, path, 1<<20)
	ok(t, err)
	whole[middle] ^= 1
	ok(t, mem.Remove(path))
	ok(t, vfs.WriteFile(mem, path, whole))
	ok(t, mem.SyncDir("data/wal"))
	disk := mem.Crash(nil)
	for round := range int64(2) {
		again, err := store.Open(config(disk))
		ok(t, err)
		ok(t, again.Start(ctx, nil))
		holds(t, "after damage", again, batches[:1])
		if st := again.Stats(); st.WALCorrupt != 1-round {
			t.Errorf("round %d: %d damaged segments", round, st.WALCorrupt)
		}
		ok(t, again.Close())
	}
	if _, err := disk.Open(path + ".corrupt"); err != nil {
		t.Errorf("what was damaged is not kept: %v", err)
	}
}

func TestBusy(t *testing.T) {
	cfg := config(vfs.NewMem())
	gen, ctx := storetest.NewGen(6), context.Background()
	b := gen.Batch(10, 10)
	cfg.MaxUnflushedBytes = int64(b.Size())*3 + 1
	s := start(t, cfg)
	for range 3 {
		ok(t, s.Append(ctx, b))
	}
	if err := s.Append(ctx, b); !errors.Is(err, store.ErrBusy) {
		t.Errorf("append above the bound = %v, want ErrBusy", err)
	}
	ok(t, s.Flush(ctx))
	ok(t, s.Append(ctx, b))
}

func TestOneProcessADirectory(t *testing.T) {
	cfg := store.Config{Dir: t.TempDir()}
	s := start(t, cfg)
	if _, err := store.Open(cfg); !errors.Is(err, vfs.ErrLocked) || !strings.Contains(err.Error(), cfg.Dir) {
		t.Errorf("opening a directory twice = %v", err)
	}
	ok(t, s.Close())
	ok(t, s.Close())
	for _, err := range []error{s.Append(context.Background(), storetest.NewGen(1).Batch(1, 1)), s.Flush(context.Background()), s.Health()} {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("after Close: %v, want ErrClosed", err)
		}
	}
	start(t, cfg)
}

// Many small blocks become few, and nobody sees a difference.
func TestMerge(t *testing.T) {
	mem := vfs.NewMem()
	s := start(t, config(mem))
	gen, ctx := storetest.NewGen(7), context.Background()
	var batches []*model.Batch
	sums := storetest.NewRollups()
	for i := range 20 {
		b := gen.Batch(2, 6)
		batches = append(batches, b)
		ok(t, s.Append(ctx, b))
		f := storetest.Flow(b.TraceIDs[0], storetest.Epoch+int64(i), i)
		s.PutFlow(f, nil)
		if i%5 == 4 { // a later block corrects an earlier one
			corrected, row := *f, *f.FlowSummary
			row.SpanCount++
			corrected.FlowSummary = &row
			ok(t, s.Flush(ctx))
			s.PutFlow(&corrected, f)
		}
		sums.AddFlow(f, 1)
		ok(t, s.Flush(ctx))
	}
	before := s.Stats()
	ok(t, s.Maintain(ctx))
	after := s.Stats()
	if after.Blocks >= before.Blocks-7 || after.BlocksMerged == 0 || after.StoredSpans != before.StoredSpans {
		t.Errorf("merging went from %+v to %+v", before, after)
	}
	for _, s := range []*store.Store{s, start(t, config(mem.Crash(nil)))} {
		holds(t, "after a merge", s, batches)
		page, err := s.Flows(ctx, model.FlowQuery{})
		if err != nil || page.Total != 20 || page.Partial {
			t.Errorf("%d flows after a merge, %v", page.Total, err)
		}
		counted, err := s.Rollups(ctx, model.RollupQuery{Step: model.RollupBucket})
		ok(t, err)
		got := storetest.RollupsOf(counted.List)
		if got.String() != sums.String() {
			t.Errorf("rollups after a merge\n%s\nwant\n%s", got, sums)
		}
		if st := s.Stats(); st.Blocks != after.Blocks {
			t.Errorf("%d blocks, want %d", st.Blocks, after.Blocks)
		}
	}
}

// Everything at once, for the race detector: readers see every acknowledged
// span exactly once while heads are cut, written, merged and removed.
func TestConcurrent(t *testing.T) {
	cfg := config(vfs.OS{})
	cfg.Dir = t.TempDir()
	cfg.HeadBytes = 64 << 10
	s, err := store.Open(cfg)
	ok(t, err)
	o, err := newCounting(s, 5)
	ok(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ok(t, s.Start(ctx, o))
	var background, work sync.WaitGroup
	background.Go(func() { ok(t, s.Run(ctx)) })
	background.Go(func() {
		for ctx.Err() == nil {
			if err := s.Maintain(ctx); err != nil && ctx.Err() == nil {
				t.Error(err)
			}
		}
	})
	for worker := range uint64(3) {
		work.Go(func() {
			gen := storetest.NewGen(100 + worker)
			for range 30 {
				b := gen.Batch(6, 5)
				for errors.Is(s.Append(ctx, b), store.ErrBusy) {
					runtime.Gosched()
				}
				got, err := s.Trace(ctx, b.TraceIDs[0])
				if err != nil || len(got.Spans) != 5 {
					t.Errorf("a trace just acknowledged: %v, %v", got, err)
				}
			}
		})
		work.Go(func() {
			for range 20 {
				if _, err := s.Flows(ctx, model.FlowQuery{Limit: 10}); err != nil {
					t.Error(err)
				}
				if _, err := s.Rollups(ctx, model.RollupQuery{}); err != nil {
					t.Error(err)
				}
				s.Stats()
				_ = s.Health()
			}
		})
	}
	work.Wait()
	ok(t, s.Flush(ctx))
	page, err := s.Flows(ctx, model.FlowQuery{Limit: 1})
	if err != nil || page.Total != 3*30*6 {
		t.Errorf("%d flows, %v; want %d", page.Total, err, 3*30*6)
	}
	cancel()
	background.Wait()
	ok(t, s.Close())
	o.stop()
}
