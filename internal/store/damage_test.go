package store_test

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store"
	"github.com/flowscope/flowscope/internal/store/storetest"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

// revisedFlow is a disk with two blocks: a flow that succeeded and two others, and
// a later count of the first that failed and another flow.
func revisedFlow(t *testing.T) (mem *vfs.Mem, blocks []string, batches []*model.Batch) {
	t.Helper()
	mem = vfs.NewMem()
	s, gen := start(t, config(mem)), storetest.NewGen(7)
	flow := func(id model.TraceID) *model.Flow {
		f := storetest.Flow(id, storetest.Epoch, 0)
		f.Status = model.FlowSuccess
		return f
	}
	b := gen.Batch(3, 2)
	first := flow(b.TraceIDs[0])
	failed, row := *first, *first.FlowSummary
	row.Status = model.FlowError
	failed.FlowSummary = &row
	ok(t, s.Append(t.Context(), b))
	for _, i := range []int{0, 2, 4} {
		s.PutFlow(flow(b.TraceIDs[i]), nil)
	}
	ok(t, s.Flush(t.Context()))
	later := gen.Batch(1, 2)
	ok(t, s.Append(t.Context(), later))
	s.PutFlow(&failed, first)
	s.PutFlow(flow(later.TraceIDs[0]), nil)
	ok(t, s.Flush(t.Context()))
	blocks, err := mem.ReadDir("data/blocks")
	ok(t, err)
	return mem, blocks, []*model.Batch{b, later}
}

// A flow stays when a newer count of it may be in a damaged block, whatever an
// older one says.
func TestPruneAssumesTheWorst(t *testing.T) {
	mem, blocks, batches := revisedFlow(t)
	flipByte(t, mem, filepath.Join("data/blocks", blocks[1], "flows.parquet"))
	cfg := config(mem.Crash(nil))
	cfg.Retention = store.Retention{Age: time.Minute, ErrorsAge: 1000 * time.Hour}
	s := start(t, cfg)
	ok(t, s.Maintain(t.Context()))
	holds(t, "after pruning", s, batches[:1])
}

// Whatever read of a block's flows fails, its rows are left out together.
func TestFlowsOfDamagedBlock(t *testing.T) {
	mem, blocks, _ := revisedFlow(t)
	for k := int64(1); ; k++ {
		var reads atomic.Int64
		disk := &vfs.Fault{FS: mem.Crash(nil), Hook: func(op vfs.Op, name string) error {
			if op == vfs.OpRead && filepath.Base(name) == "flows.parquet" && filepath.Base(filepath.Dir(name)) == blocks[1] && reads.Add(1) == k {
				return syscall.EIO
			}
			return nil
		}}
		page, err := start(t, config(disk)).Flows(t.Context(), model.FlowQuery{})
		ok(t, err)
		if reads.Load() < k {
			if page.Total != 4 || page.Partial {
				t.Errorf("all reads work: %d flows, partial %v", page.Total, page.Partial)
			}
			return
		}
		if !page.Partial || (page.Total != 3 && len(page.Flows) != 2) {
			t.Errorf("read %d fails: %d flows of %d, partial %v; want the older block's 3", k, len(page.Flows), page.Total, page.Partial)
		}
	}
}

// Damage in the list of open traces costs that list, not the block.
func TestDamagedOpenTraces(t *testing.T) {
	mem, gen := vfs.NewMem(), storetest.NewGen(7)
	s, err := store.Open(config(mem))
	ok(t, err)
	o, err := newCounting(s, spansPerTrace)
	ok(t, err)
	ok(t, s.Start(t.Context(), o))
	var batches []*model.Batch
	for range 8 {
		first, _ := halves(gen.Batch(2, spansPerTrace))
		batches = append(batches, first)
		ok(t, s.Append(t.Context(), first))
		ok(t, s.Flush(t.Context()))
	}
	ok(t, s.Close())
	o.stop()
	blocks, err := mem.ReadDir("data/blocks")
	ok(t, err)
	flipByte(t, mem, filepath.Join("data/blocks", blocks[7], "open"))
	again := start(t, config(mem.Crash(nil)))
	holds(t, "after the start", again, batches)
	ok(t, again.Maintain(context.Background()))
	holds(t, "after a merge", again, batches)
	if st := again.Stats(); st.BlocksQuarantined != 0 || st.Blocks != 1 || st.OpenLost != 2 {
		t.Errorf("%+v; want one block, none quarantined, and two lists lost", st)
	}
}
