package live

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

// What is given are the newest that match, in their order, and what is dropped
// is the rest to the last one: as long as nothing is overtaken, whatever the
// batches are, for one subscription and for several.
func TestDroppedIsExact(t *testing.T) {
	flows := someFlows(2)
	for _, subscriptions := range []int{1, 3} {
		for seed := range 30 {
			t.Run(fmt.Sprint(subscriptions, "/", seed), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					exactly(t, rand.New(rand.NewPCG(1, uint64(seed))), flows, subscriptions)
				})
			})
		}
	}
}

func exactly(t *testing.T, rng *rand.Rand, flows []*model.Flow, subscriptions int) {
	t.Helper()
	h := New(Config{})
	defer h.Close()
	var filters []Filter
	for range subscriptions {
		f := someFilter(rng.IntN(1000))
		if rng.IntN(2) == 0 {
			f.MaxDuration = f.MinDuration + time.Duration(1+rng.IntN(500))*time.Millisecond
		}
		filters = append(filters, f)
	}
	f := follow(t, h, filters...)
	var published []*model.FlowSummary
	var given []Matched
	dropped := uint64(0)
	for range 20 {
		for range 1 + rng.IntN(3) { // batches that are read at once
			for range rng.IntN(500) {
				flow := flows[rng.IntN(len(flows))]
				published = append(published, flow.FlowSummary)
				h.Complete(flow, nil)
			}
			h.Flush()
		}
		<-time.After(minPace)
		events, reasons := next(t, f)
		given, dropped = append(given, events...), dropped+reasons[Rate]
		newest(t, published, events, filters)
	}
	<-time.After(tellEvery)
	events, reasons := next(t, f)
	if dropped += reasons[Rate]; len(events) > 0 || reasons[Overtaken] > 0 {
		t.Errorf("%d events more, dropped %v", len(events), reasons)
	}
	want := 0
	for _, flow := range published {
		if matchesAny(filters, flow) {
			want++
		}
	}
	if len(given)+int(dropped) != want {
		t.Errorf("%d given and %d dropped of %d", len(given), dropped, want)
	}
}

// newest holds a page to the last flows that match.
func newest(t *testing.T, published []*model.FlowSummary, page []Matched, filters []Filter) {
	t.Helper()
	at := len(published)
	for i := len(page) - 1; i >= 0; i-- {
		for at--; at >= 0 && !matchesAny(filters, published[at]); at-- {
		}
		if at < 0 || published[at] != page[i].Flow {
			t.Fatalf("event %d of %d is not the newest that is left", i, len(page))
		}
	}
}

func matchesAny(filters []Filter, flow *model.FlowSummary) bool {
	for i := range filters {
		if filters[i].matches(Event{Flow: flow}) {
			return true
		}
	}
	return false
}
