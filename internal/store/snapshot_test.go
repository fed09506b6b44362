package store_test

import (
	"context"
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store"
	"github.com/flowscope/flowscope/internal/store/storetest"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

// A listing that a merge overtakes at any point is made again until it is one of
// a moment.
func TestStableBlocks(t *testing.T) {
	old := []string{"20261120T120000-0000000000000001", "20261120T120100-0000000000000002", "20261120T120200-0000000000000003"}
	merged := old[2] + ".1"
	for at := range old {
		mem := vfs.NewMem()
		for _, id := range append(old, "20261120T120300-0000000000000004.tmp", "not a block") {
			ok(t, mem.MkdirAll(filepath.Join("blocks", id)))
		}
		var taken []string
		got, err := store.StableBlocks(mem, "blocks", func(id string) error {
			if _, err := mem.ReadDir(filepath.Join("blocks", id)); err != nil {
				return err
			}
			taken = append(taken, id)
			if id == old[at] {
				ok(t, mem.MkdirAll(filepath.Join("blocks", merged)))
				for _, id := range old {
					ok(t, mem.RemoveAll(filepath.Join("blocks", id)))
				}
			}
			return nil
		})
		if err != nil || !slices.Equal(got, []string{merged}) || !slices.Equal(taken, append(slices.Clone(old[:at+1]), merged)) {
			t.Errorf("merged at %d: %v, %v after taking %v", at, got, err, taken)
		}
	}
}

// A block that is there and cannot be taken ends nothing.
func TestStableBlocksDamaged(t *testing.T) {
	mem := vfs.NewMem()
	const id = "20261120T120000-0000000000000001"
	ok(t, mem.MkdirAll(filepath.Join("blocks", id)))
	got, err := store.StableBlocks(mem, "blocks", func(string) error { return fs.ErrNotExist })
	if err != nil || !slices.Equal(got, []string{id}) {
		t.Errorf("%v, %v", got, err)
	}
}

// A block that went before it was taken, and is written again, is taken then.
func TestStableBlocksReappear(t *testing.T) {
	mem, lists, taken := vfs.NewMem(), 0, 0
	const id = "20261120T120000-0000000000000001.1"
	disk := &vfs.Fault{FS: mem, Hook: func(op vfs.Op, name string) error {
		if op == vfs.OpReadDir && name == "blocks" {
			if lists++; lists != 2 { // it is away in the second
				return mem.MkdirAll(filepath.Join("blocks", id))
			}
			return mem.RemoveAll(filepath.Join("blocks", id))
		}
		return nil
	}}
	ok(t, mem.MkdirAll("blocks"))
	got, err := store.StableBlocks(disk, "blocks", func(string) error {
		if lists < 2 {
			return fs.ErrNotExist
		}
		taken++
		return nil
	})
	if err != nil || !slices.Equal(got, []string{id}) || taken != 1 {
		t.Errorf("%v, %v, taken %d times", got, err, taken)
	}
}

// Want of file handles is no damage.
func TestSnapshotWithoutHandles(t *testing.T) {
	mem := vfs.NewMem()
	s := start(t, config(mem))
	ok(t, s.Append(t.Context(), storetest.NewGen(7).Batch(2, 6)))
	ok(t, s.Flush(t.Context()))
	disk := &vfs.Fault{FS: mem, Hook: func(op vfs.Op, name string) error {
		if op == vfs.OpOpen && filepath.Base(name) == "spans.parquet" {
			return syscall.EMFILE
		}
		return nil
	}}
	if _, err := store.OpenSnapshot(t.Context(), disk, "data", true); !errors.Is(err, syscall.EMFILE) {
		t.Errorf("a snapshot without handles: %v", err)
	}
}

// A block's directory, moved alone into an empty data directory, still answers
// everything: nothing outside it is needed to read it.
func TestBlockStandsAlone(t *testing.T) {
	ctx, from, to := context.Background(), vfs.NewMem(), vfs.NewMem()
	s := start(t, config(from))
	gen := storetest.NewGen(12)
	var batches []*model.Batch
	want := storetest.NewRollups()
	for i := range 8 { // one merged block of eight
		b := gen.Batch(3, 6)
		batches = append(batches, b)
		ok(t, s.Append(ctx, b))
		f := storetest.Flow(b.TraceIDs[0], storetest.Epoch+int64(i), i)
		want.AddFlow(f, 1)
		s.PutFlow(f, nil)
		ok(t, s.Flush(ctx))
	}
	ok(t, s.Maintain(ctx))
	ids, err := from.ReadDir("data/blocks")
	ok(t, err)
	if len(ids) != 1 {
		t.Fatalf("blocks %v, want one", ids)
	}
	dir := filepath.Join("data", "blocks", ids[0])
	ok(t, to.MkdirAll(dir))
	names, err := from.ReadDir(dir)
	ok(t, err)
	for _, name := range names {
		p, err := vfs.ReadFile(from, filepath.Join(dir, name), 1<<20)
		ok(t, err)
		ok(t, vfs.WriteFile(to, filepath.Join(dir, name), p))
	}
	moved := start(t, config(to))
	for _, b := range batches {
		for _, id := range b.TraceIDs {
			here, err := s.Trace(ctx, id)
			ok(t, err)
			there, err := moved.Trace(ctx, id)
			ok(t, err)
			if !slices.Equal(storetest.DescribeAll(here.Spans), storetest.DescribeAll(there.Spans)) {
				t.Fatalf("trace %s differs", id)
			}
		}
	}
	page, err := moved.Flows(ctx, model.FlowQuery{})
	if err != nil || page.Total != 8 || page.Partial {
		t.Errorf("%d flows, %v", page.Total, err)
	}
	counted, err := moved.Rollups(ctx, model.RollupQuery{Step: model.RollupBucket})
	ok(t, err)
	if got := storetest.RollupsOf(counted.List); got.String() != want.String() {
		t.Errorf("rollups\n%s\nwant\n%s", got, want)
	}
	here, err := s.Resources(ctx, 0, 0)
	ok(t, err)
	there, err := moved.Resources(ctx, 0, 0)
	if err != nil || len(there.List) == 0 || !slices.Equal(here.List, there.List) {
		t.Errorf("resources %v, want %v", there, here)
	}
	if _, err := moved.Trace(ctx, model.TraceID{1}); !errors.Is(err, model.ErrNotFound) {
		t.Errorf("another trace: %v", err)
	}
}
