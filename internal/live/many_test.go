package live

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/flowscope/flowscope/internal/model"
)

// Of what matches, a follower is given an event or told that it may have
// missed one, however many there are and however fast it comes.
func TestManyFollowersMissNothingUntold(t *testing.T) {
	const followers, turns, flowsATurn = 1000, 200, 50
	h := New(Config{Events: 2048})
	defer h.Close()
	flows := someFlows(4)
	flows = append(flows[:turns*flowsATurn/2:turns*flowsATurn/2], flows[:turns*flowsATurn/2]...)
	var wg sync.WaitGroup
	ready := make(chan struct{}, followers)
	for i := range followers {
		filter := someFilter(i)
		wg.Go(func() {
			f, err := h.Follow()
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			if err := f.Subscribe("", filter, ""); err != nil {
				t.Error(err)
			}
			ready <- struct{}{}
			if err := accounts(t.Context(), f, &filter, flows); err != nil {
				t.Errorf("follower %d: %v", i, err)
			}
		})
	}
	for range followers {
		<-ready
	}
	for turn := range turns {
		for _, f := range flows[turn*flowsATurn : (turn+1)*flowsATurn] {
			h.Complete(f, nil)
		}
		h.Flush()
	}
	wg.Wait()
}

// accounts reads until all flows are accounted for: given, or dropped.
func accounts(ctx context.Context, f *Follower, filter *Filter, flows []*model.Flow) error {
	matching := map[*model.FlowSummary]int{}
	want := 0
	for _, flow := range flows {
		if filter.matches(Event{Flow: flow.FlowSummary}) {
			matching[flow.FlowSummary]++
			want++
		}
	}
	given, dropped := 0, uint64(0)
	for uint64(given)+dropped < uint64(want) {
		page, err := f.Next(ctx)
		if err != nil {
			return fmt.Errorf("%d given, %d dropped of %d: %w", given, dropped, want, err)
		}
		for _, e := range page.Events {
			if matching[e.Flow]--; matching[e.Flow] < 0 {
				return fmt.Errorf("given %+v, which it did not ask for or had already", e.Flow)
			}
			given++
		}
		for _, d := range page.Dropped {
			dropped += d.Count
		}
	}
	return nil
}
