package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/store"
	"github.com/flowscope/flowscope/internal/store/storetest"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

// The disk dies at one operation after the other of a maintenance that writes blocks
// anew and merges some, and the power fails: what must stay is there once, and
// the next maintenance ends the work.
func TestCrashWhilePruning(t *testing.T) {
	t.Parallel()
	built := &keeping{t: t, random: rand.New(rand.NewPCG(3, 9)), now: time.Unix(0, storetest.Epoch), disk: vfs.NewMem()}
	built.keep = store.Retention{Age: 40 * time.Hour, ErrorsAge: 90 * time.Hour,
		Environments: []store.EnvironmentRetention{{Name: "staging", Age: 20 * time.Hour}}}
	built.open()
	for range 8 {
		built.now = built.now.Add(10 * time.Minute)
		built.ingest()
		built.flush()
	}
	ok(t, built.s.Close())
	built.now = built.now.Add(30 * time.Hour)
	built.free()
	for dead := 0; ; dead += pruneStep {
		k := *built
		k.disk = built.disk.Crash(nil)
		k.open()
		k.dies.left = dead
		err := k.s.Maintain(context.Background())
		pruned := k.s.Stats().BlocksPruned
		_ = k.s.Close()
		random := rand.New(rand.NewPCG(uint64(dead), 1))
		if dead%8 == 0 {
			random = nil
		}
		k.disk = k.disk.Crash(random)
		k.open()
		k.check(fmt.Sprintf("operation %d", dead), false)
		ok(t, k.s.Maintain(context.Background()))
		k.check(fmt.Sprintf("operation %d, afterwards", dead), true)
		ok(t, k.s.Close())
		if err == nil {
			if pruned == 0 {
				t.Error("no block was written anew")
			}
			t.Logf("%d operations", dead)
			return
		}
	}
}
