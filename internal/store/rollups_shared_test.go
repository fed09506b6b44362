package store_test

import (
	"sync"
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/storetest"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

// Many ask the same, and more different things than are kept, while blocks come
// and are merged: each answer has all that was counted before it was asked for.
func TestRollupsAskedSideBySide(t *testing.T) {
	const rounds, flowsARound, askers, questions = 6, 20, 4, 150
	s, gen := start(t, config(vfs.NewMem())), storetest.NewGen(3)
	for round := range rounds {
		ok(t, s.Append(t.Context(), gen.Batch(1, 1)))
		for i := range flowsARound {
			f := storetest.Flow(gen.TraceID(), storetest.Epoch+int64(i)*int64(time.Second), i)
			f.Revision = 0
			s.PutFlow(f, nil)
		}
		var asking sync.WaitGroup
		for asker := range askers {
			asking.Go(func() {
				for i := range questions {
					q := model.RollupQuery{To: storetest.Epoch + int64(time.Hour) + int64(i*(asker%2))}
					got, err := s.Rollups(t.Context(), q)
					if err != nil || storetest.RollupsOf(got.List).Flows() != int64((round+1)*flowsARound) {
						t.Errorf("round %d: %d flows, %v", round, storetest.RollupsOf(got.List).Flows(), err)
						return
					}
				}
			})
		}
		ok(t, s.Flush(t.Context()))
		if round%2 == 1 {
			ok(t, s.Maintain(t.Context()))
		}
		asking.Wait()
	}
}
