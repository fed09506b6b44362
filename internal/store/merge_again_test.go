package store_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store"
	"github.com/flowscope/flowscope/internal/store/storetest"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

// A merged block that turns out damaged while its sources are still there is
// made again under its name, and the damaged one is in no list any more.
func TestMergeAgainUnderTheSameName(t *testing.T) {
	var keep atomic.Bool // what a merge replaced stays on disk
	mem, ctx := vfs.NewMem(), context.Background()
	disk := &vfs.Fault{FS: mem, Hook: func(op vfs.Op, name string) error {
		if keep.Load() && op == vfs.OpRename && strings.HasSuffix(name, ".tmp") {
			return errors.New("busy")
		}
		return nil
	}}
	s, err := store.Open(config(disk))
	ok(t, err)
	ok(t, s.Start(ctx, nil))
	gen := storetest.NewGen(7)
	var batches []*model.Batch
	for range 8 {
		batches = append(batches, gen.Batch(2, 6))
		ok(t, s.Append(ctx, batches[len(batches)-1]))
		ok(t, s.Flush(ctx))
	}
	keep.Store(true)
	if err := s.Maintain(ctx); err == nil {
		t.Fatal("what was merged could be removed")
	}
	keep.Store(false)
	ok(t, s.Close())
	names, err := mem.ReadDir("data/blocks")
	ok(t, err)
	for _, name := range names {
		if strings.Contains(name, ".") {
			flipByte(t, mem, "data/blocks/"+name+"/meta.json")
		}
	}
	again := start(t, config(mem))
	if st := again.Stats(); st.Blocks != 9 || len(st.Quarantined) != 1 {
		t.Fatalf("%d blocks of %v, quarantined %v", st.Blocks, names, st.Quarantined)
	}
	ok(t, again.Maintain(ctx))
	if st := again.Stats(); st.Blocks != 1 || len(st.Quarantined) != 0 {
		t.Errorf("after merging again: %d blocks, quarantined %v", st.Blocks, st.Quarantined)
	}
	holds(t, "after merging again", again, batches)
}
