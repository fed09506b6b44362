package store_test

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store"
	"github.com/flowscope/flowscope/internal/store/storetest"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

// Every kind of operation on every kind of file fails once, reads and reopens
// included, each early and at the end of a store's life that finds blocks and a
// WAL. The store goes on: what was acknowledged is there, every whole trace is
// counted exactly once, and a power cut afterwards changes nothing. Where the disk
// gave back nothing for a moment, a block may be quarantined until the next
// start, and says so.
func TestEveryOperationFailsOnce(t *testing.T) {
	first, batches := before(t)
	whole := &failOnce{}
	whole.live(t, first.Crash(nil), batches)
	for _, fault := range []struct {
		name string
		with error
		of   func(vfs.Op) bool
	}{
		{"EIO", syscall.EIO, func(vfs.Op) bool { return true }},
		{"ENOSPC", syscall.ENOSPC, vfs.Op.Changes},
		{"torn", fmt.Errorf("%w: %w", vfs.ErrTorn, syscall.EIO), func(op vfs.Op) bool { return op == vfs.OpWrite }},
	} {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			for _, k := range sample(whole.seen, fault.of) {
				disk, mem := &failOnce{at: k, with: fault.with}, first.Crash(nil)
				acked := disk.live(t, mem, batches)
				checkAfterCrash(t, fmt.Sprintf("%s of %s (operation %d)", disk.op, disk.name, k), mem.Crash(nil), acked, batches)
			}
		})
	}
}

// operation is what a store did, and on which kind of file.
type operation struct {
	op   vfs.Op
	kind string
}

func operationOn(op vfs.Op, name string) operation {
	base := path.Base(name)
	if ext := path.Ext(base); ext == ".wal" || ext == ".tmp" || strings.Contains(base, "-") {
		base = ext // a segment, an unfinished block or a block
	}
	return operation{op, base}
}

// sample returns the numbers of the operations to fail, counted from 1.
func sample(seen []operation, of func(vfs.Op) bool) (numbers []int) {
	at := map[operation][]int{}
	for i, o := range seen {
		if of(o.op) {
			at[o] = append(at[o], i+1)
		}
	}
	for _, all := range at {
		numbers = append(numbers, all[len(all)/3], all[len(all)-1])
	}
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	for i := range numbers { // under the race detector a few will do
		if i*onceStep >= len(numbers) {
			return numbers[:i]
		}
		numbers[i] = numbers[i*onceStep]
	}
	return numbers
}

// before is a disk with blocks and a WAL, and all that its stores are sent: half
// of it is there.
func before(t *testing.T) (*vfs.Mem, []*model.Batch) {
	t.Helper()
	gen := storetest.NewGen(1)
	var batches []*model.Batch
	for range 8 {
		first, second := halves(gen.Batch(1, spansPerTrace))
		batches = append(batches, first, second)
	}
	mem := vfs.NewMem()
	s, err := store.Open(config(mem))
	ok(t, err)
	o, err := newCounting(s, spansPerTrace)
	ok(t, err)
	ok(t, s.Start(context.Background(), o))
	if acked := life(s, batches[:7]); len(acked) != 7 {
		t.Fatalf("%d of 7 batches acknowledged", len(acked))
	}
	ok(t, s.Close())
	o.stop()
	return mem, batches
}

// failOnce fails one operation, the one with that number.
type failOnce struct {
	at   int
	with error

	mu   sync.Mutex
	seen []operation
	over bool
	op   vfs.Op // that failed, and on what
	name string
}

func (f *failOnce) hook(op vfs.Op, name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.seen = append(f.seen, operationOn(op, name)); f.over || len(f.seen) != f.at {
		return nil
	}
	f.op, f.name = op, name
	return f.with
}

// live is a store's life on a disk that fails once in it. It returns all that is
// acknowledged.
func (f *failOnce) live(t *testing.T, mem *vfs.Mem, batches []*model.Batch) []*model.Batch {
	t.Helper()
	ctx, acked := context.Background(), batches[:7:7]
	s, err := store.Open(config(&vfs.Fault{FS: mem, Hook: f.hook}))
	if err != nil {
		f.clear(t, "Open", err)
		return acked
	}
	o, err := newCounting(s, spansPerTrace)
	if err != nil {
		f.clear(t, "Counted", errors.Join(err, s.Close()))
		return acked
	}
	if err := s.Start(ctx, o); err != nil {
		f.clear(t, "Start", err)
	} else {
		acked = append(acked, life(s, batches[7:])...)
		for _, b := range batches { // readers meet the fault, too
			_, err := s.Trace(ctx, b.TraceIDs[0])
			if err != nil && !errors.Is(err, model.ErrNotFound) {
				f.clear(t, "Trace", err)
			}
		}
		f.goesOn(t, s, acked)
	}
	_ = s.Close()
	o.stop()
	return acked
}

// clear checks that an error says what failed.
func (f *failOnce) clear(t *testing.T, doing string, err error) {
	t.Helper()
	if !errors.Is(err, f.with) || !strings.Contains(err.Error(), string(f.op)) {
		t.Fatalf("%s, when %s of %s failed: %v", doing, f.op, f.name, err)
	}
}

// goesOn checks that the fault is over.
func (f *failOnce) goesOn(t *testing.T, s *store.Store, acked []*model.Batch) {
	t.Helper()
	f.mu.Lock()
	f.over = true
	f.mu.Unlock()
	when := fmt.Sprintf("after a failed %s of %s (operation %d)", f.op, f.name, f.at)
	ctx := context.Background()
	if err := errors.Join(s.Append(ctx, acked[0]), s.Flush(ctx), s.Maintain(ctx), s.Health()); err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	st := s.Stats()
	if st.BlocksQuarantined == 0 {
		holds(t, when, s, acked)
		return
	}
	if f.op != vfs.OpRead && f.op != vfs.OpOpen {
		t.Fatalf("%s: %d blocks are quarantined", when, st.BlocksQuarantined)
	}
	if page, err := s.Flows(ctx, model.FlowQuery{}); err != nil || !page.Partial {
		t.Fatalf("%s: %v, and an answer without a block does not say so", when, err)
	}
}
