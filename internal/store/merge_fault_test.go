package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store"
	"github.com/flowscope/flowscope/internal/store/storetest"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

// publishing is a store whose disk fails once or more when a merged block is
// published.
type publishing struct {
	t     *testing.T
	mem   *vfs.Mem
	s     *store.Store
	gen   *storetest.Gen
	fails atomic.Int64 // operations still to fail
	put   int
}

func newPublishing(t *testing.T, keep store.Retention, fails func(vfs.Op, string) bool) *publishing {
	t.Helper()
	p := &publishing{t: t, mem: vfs.NewMem(), gen: storetest.NewGen(7)}
	cfg := config(&vfs.Fault{FS: p.mem, Hook: func(op vfs.Op, name string) error {
		if fails(op, name) && p.fails.Load() > 0 {
			p.fails.Add(-1)
			return errors.New("EIO")
		}
		return nil
	}})
	cfg.Retention = keep
	p.s = start(t, cfg)
	return p
}

// add makes a block.
func (p *publishing) add() {
	b := p.gen.Batch(2, 6)
	ok(p.t, p.s.Append(context.Background(), b))
	p.s.PutFlow(storetest.Flow(b.TraceIDs[0], storetest.Epoch+int64(p.put), p.put), nil)
	p.put++
	ok(p.t, p.s.Flush(context.Background()))
}

// same compares a store with one that comes up on what a crash leaves of its disk.
func (p *publishing) same(when string) {
	p.t.Helper()
	describe := func(s *store.Store) string {
		page, err := s.Flows(context.Background(), model.FlowQuery{})
		ok(p.t, err)
		counted, err := s.Rollups(context.Background(), model.RollupQuery{})
		ok(p.t, err)
		return fmt.Sprintf("%d flows, %d counted, %d spans", page.Total, storetest.RollupsOf(counted.List).Flows(), s.Stats().StoredSpans)
	}
	running, again := describe(p.s), describe(start(p.t, config(p.mem.Crash(nil))))
	if running != again {
		p.t.Errorf("%s: %s, after a restart %s", when, running, again)
	}
}

// A merged block whose publishing fails at its very end is on disk. When the
// blocks it was made of change before the next try, it counts for nothing.
func TestMergePublishFails(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	one := newPublishing(t, store.Retention{}, func(vfs.Op, string) bool { return false })
	for range 8 {
		one.add()
	}
	size := one.s.Stats().StoredBytes
	for name, fails := range map[string]func(vfs.Op, string) bool{
		"sync": func(op vfs.Op, name string) bool { return op == vfs.OpSyncDir && strings.HasSuffix(name, "blocks") },
		"open": func(op vfs.Op, name string) bool { return op == vfs.OpOpen && strings.HasSuffix(name, ".1/sums") },
	} {
		for times := range int64(4) {
			p := newPublishing(t, store.Retention{Bytes: size + size/100}, fails)
			for range 8 {
				p.add()
			}
			p.fails.Store(times)
			for round := range 6 { // in the first, retention takes nothing
				err := p.s.Maintain(ctx)
				if round == 0 && (err != nil) != (times > 0) {
					t.Errorf("%s fails %d times: %v", name, times, err)
				}
				when := fmt.Sprintf("%s fails %d times, round %d", name, times, round)
				if err != nil || round == 5 {
					p.same(when)
				}
				if p.fails.Load() == 0 {
					p.add()
					p.same(when + ", one more")
				}
			}
		}
	}
}
