package store_test

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/store"
	"github.com/flowscope/flowscope/internal/store/block"
	"github.com/flowscope/flowscope/internal/store/storetest"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

// A sender's clock that is years ahead must not make every trace of the next
// start look like one that may have been counted.
func TestCountedHeedsNoClockAhead(t *testing.T) {
	s := start(t, config(vfs.NewMem()))
	gen, ctx := storetest.NewGen(7), context.Background()
	ahead := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
	for i, at := range []int64{ahead, storetest.Epoch, storetest.Epoch} {
		b := gen.Batch(2, 6)
		ok(t, s.Append(ctx, b))
		s.PutFlow(storetest.Flow(b.TraceIDs[0], at, i), nil)
		ok(t, s.Flush(ctx))
	}
	ids, since, err := s.Counted(ctx, 1)
	ok(t, err)
	if len(ids) != 1 || since > time.Now().UnixNano()+1 {
		t.Errorf("%d ids since %v", len(ids), time.Unix(0, since).UTC())
	}
}

// A block that cannot be opened for want of file handles is not damaged.
func TestNoHandlesIsNoDamage(t *testing.T) {
	mem := vfs.NewMem()
	s := start(t, config(mem))
	ok(t, s.Append(context.Background(), storetest.NewGen(7).Batch(2, 6)))
	ok(t, s.Flush(context.Background()))
	ok(t, s.Close())
	for _, file := range []string{"/sums", "/meta.json"} {
		disk := &vfs.Fault{FS: mem, Hook: func(op vfs.Op, name string) error {
			if op == vfs.OpOpen && strings.HasSuffix(name, file) {
				return syscall.EMFILE
			}
			return nil
		}}
		if _, err := store.Open(config(disk)); !errors.Is(err, syscall.EMFILE) || errors.Is(err, block.ErrCorrupt) {
			t.Errorf("%s: %v", file, err)
		}
	}
}
