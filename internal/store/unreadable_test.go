package store_test

import (
	"context"
	"errors"
	"path"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store"
	"github.com/flowscope/flowscope/internal/store/storetest"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

// unreadable is a disk that does not give back one file while failing is set.
func unreadable(mem *vfs.Mem, base string, failing *atomic.Bool) *vfs.Fault {
	return &vfs.Fault{FS: mem, Hook: func(op vfs.Op, name string) error {
		if op == vfs.OpRead && strings.HasSuffix(name, base) && failing.Load() {
			return syscall.EIO
		}
		return nil
	}}
}

// A file of a block that cannot be read takes that block out of the answers,
// says so, and leaves the rest; a start after the disk was mended has it back.
func TestUnreadableBlock(t *testing.T) {
	ctx := context.Background()
	for _, name := range []string{"spans.parquet", "resources.parquet", "flows.parquet", "rollups.parquet", "meta.json", "sums"} {
		t.Run(name, func(t *testing.T) {
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
			var failing atomic.Bool
			failing.Store(true)
			disk := mem.Crash(nil)
			again, err := store.Open(config(unreadable(disk, path.Join(ids[0], name), &failing)))
			ok(t, err)
			ok(t, again.Start(ctx, nil))
			holds(t, name, again, batches[1:])
			_, traceErr := again.Trace(ctx, batches[0].TraceIDs[0])
			_, err = again.Rollups(ctx, model.RollupQuery{})
			ok(t, err)
			_, err = again.Flows(ctx, model.FlowQuery{})
			ok(t, err)
			page, err := again.Flows(ctx, model.FlowQuery{})
			if st := again.Stats(); err != nil || st.BlocksQuarantined != 1 || !page.Partial || page.Total != 1 {
				t.Errorf("%v, page %+v, stats %+v; want one quarantined block and a partial answer", err, page, st)
			}
			if traceErr != nil && !errors.Is(traceErr, model.ErrPartial) {
				t.Errorf("a trace of the block: %v, want ErrPartial", traceErr)
			}
			ok(t, errors.Join(again.Append(ctx, gen.Batch(1, 1)), again.Flush(ctx), again.Maintain(ctx), again.Health(), again.Close()))
			failing.Store(false)
			holds(t, "once the disk gives it back", start(t, config(disk)), batches)
		})
	}
}

// Of a WAL segment that the disk does not give back, what is read is used, the
// store starts and works, and the segment is kept for whoever wants to save more.
func TestUnreadableWAL(t *testing.T) {
	mem, gen, ctx := vfs.NewMem(), storetest.NewGen(5), context.Background()
	s := start(t, config(mem))
	ok(t, s.Append(ctx, gen.Batch(1, 3)))
	const segment = "0000000000000001.wal"
	var failing atomic.Bool
	failing.Store(true)
	disk := mem.Crash(nil)
	again := start(t, config(unreadable(disk, segment, &failing)))
	after := gen.Batch(1, 3)
	ok(t, again.Append(ctx, after))
	if st := again.Stats(); st.WALCorrupt != 1 {
		t.Errorf("%d segments damaged or unreadable, want 1", st.WALCorrupt)
	}
	ok(t, errors.Join(again.Flush(ctx), again.Health()))
	holds(t, "after the flush", again, []*model.Batch{after})
	p, err := vfs.ReadFile(disk, "data/wal/"+segment+".corrupt", 1<<20)
	if err != nil || len(p) < 100 {
		t.Errorf("of the segment, %d bytes are kept, %v", len(p), err)
	}
}

// Until what was read of a segment is in a block the segment stays where it is: a
// disk that has recovered by the next start gives back everything.
func TestUnreadableWALComesBack(t *testing.T) {
	mem, gen, ctx := vfs.NewMem(), storetest.NewGen(6), context.Background()
	s := start(t, config(mem))
	batch := gen.Batch(1, 3)
	ok(t, s.Append(ctx, batch))
	var failing atomic.Bool
	failing.Store(true)
	disk := mem.Crash(nil)
	start(t, config(unreadable(disk, ".wal", &failing)))
	holds(t, "once the disk gives it back", start(t, config(disk.Crash(nil))), []*model.Batch{batch})
}

// What is in the lock's file means nothing.
func TestDamagedLock(t *testing.T) {
	cfg := store.Config{Dir: t.TempDir()}
	ok(t, vfs.WriteFile(vfs.OS{}, path.Join(cfg.Dir, "LOCK"), []byte{0xff, 0, 'x'}))
	ok(t, start(t, cfg).Append(context.Background(), storetest.NewGen(8).Batch(1, 1)))
}
