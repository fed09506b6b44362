package assemble

import (
	"context"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/analyze/analyzetest"
	"github.com/flowscope/flowscope/internal/model"
)

// cut passes a barrier, as a store does when it makes a block, and returns the
// third bytes of the ids of the open traces.
func (b *bench) cut() (open []byte, passed bool) {
	b.Barrier(func(ids []model.TraceID) {
		passed = true
		for _, id := range ids {
			open = append(open, id[2])
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.before = map[model.TraceID]map[model.SpanKey]model.Span{}
		for id, spans := range b.spans {
			b.before[id] = maps.Clone(spans)
		}
	})
	synctest.Wait()
	slices.Sort(open)
	return open, passed
}

func TestBarrier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Config{}, newRecord())
		b.send(numbered(1, 2, true)...)
		b.send(numbered(5, 1, false)...)
		if got, _ := b.cut(); !slices.Equal(got, []byte{1, 2, 5}) {
			t.Errorf("open: %v", got)
		}
		pass(3 * time.Second)
		if got, _ := b.cut(); !slices.Equal(got, []byte{5}) {
			t.Errorf("after some are counted: %v", got)
		}
		late := numbered(1, 1, false)
		late[0].ID[0] = 9
		b.send(late...)
		if got, _ := b.cut(); !slices.Equal(got, []byte{5}) || b.Stats().Corrected != 1 {
			t.Errorf("with a late span: %v, %+v", got, b.Stats())
		}
		pass(time.Minute)
		late[0].ID[0] = 10
		b.send(late...)
		if got, _ := b.cut(); len(got) > 0 || b.Stats().Corrected != 2 {
			t.Errorf("with a late span of a remembered trace: %v, %+v", got, b.Stats())
		}
	})
}

// A barrier waits for the store's answer about late spans that came before it,
// not for what comes after it.
func TestBarrierWaitsForTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, spans := newRecord(), draw(t, cart)
		answer, lookup := make(chan struct{}), r.lookup()
		counted := lookup.Counted
		lookup.Counted = func(ctx context.Context, id model.TraceID) (model.FlowSummary, bool, error) {
			<-answer
			return counted(ctx, id)
		}
		b := startWith(t, New(Config{}, analyze.New(analyze.Config{}), lookup, r.putFlow), r)
		b.send(spans[:2]...)
		pass(time.Minute)
		b.send(spans[2])
		if _, passed := b.cut(); passed {
			t.Error("the barrier has passed a late span that is not counted")
		}
		answer <- struct{}{}
		synctest.Wait()
		if b.before == nil || b.Stats().Corrected != 1 {
			t.Errorf("the barrier waits on: %+v", b.Stats())
		}
		if _, passed := b.cut(); !passed {
			t.Error("a barrier waits for nothing")
		}
		close(answer)
	})
}

// What a store hands over after a restart are the open traces of the last
// barrier and what came after it. Late spans from around the barrier are
// counted once wherever the restart falls.
func TestRestartAroundABarrier(t *testing.T) {
	spans := draw(t, cart)
	for _, lingering := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			r := newRecord()
			first := start(t, Config{}, r)
			first.send(spans[0], spans[1], spans[3])
			pass(3 * time.Second)
			if !lingering {
				pass(time.Minute)
			}
			first.send(spans[2])
			if open, _ := first.cut(); len(open) > 0 {
				t.Errorf("open: %v", open)
			}
			first.Close()
			first.expectRollup(spans)
		})
	}
	synctest.Test(t, func(t *testing.T) {
		r := newRecord()
		first := start(t, Config{}, r)
		first.send(spans[0], spans[1], spans[3])
		pass(3 * time.Second)
		first.cut()
		first.Close()

		second := New(Config{}, analyze.New(analyze.Config{}), r.lookup(), r.putFlow)
		second.Seed(0, []model.TraceID{spans[0].TraceID})
		b := startWith(t, second, r)
		b.send(spans[2])
		b.send(spans[3]) // its sender did not get the answer: the last to come is no news
		pass(3 * time.Second)
		b.expect(Stats{Remembered: 1, Late: 2, Corrected: 1})
		b.expectRollup(spans)
	})
}

// The store may have spans that are still on their way to the assembler.
func TestStoreIsAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := forgotten(t, 2)
		spans := draw(t, cart)
		ahead := analyzetest.Batch(spans[3:])
		b.append(ahead)
		b.send(spans[2])
		pass(3 * time.Second)
		b.expect(Stats{Open: 1, Bytes: 1, Remembered: 1, Analysed: 1, Late: 1})
		b.Observe(ahead)
		pass(3 * time.Second)
		b.expect(Stats{Remembered: 1, Analysed: 1, Late: 2, Corrected: 1})
		b.expectRollup(spans)
	})
}
