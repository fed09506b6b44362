package assemble

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/model"
)

// forgotten counts all but the last late spans and waits until only the id is
// kept.
func forgotten(t *testing.T, late int) *bench {
	t.Helper()
	b, spans := start(t, Config{}, newRecord()), draw(t, cart)
	b.send(spans[:len(spans)-late]...)
	pass(time.Minute)
	b.expect(Stats{Remembered: 1, Analysed: 1})
	return b
}

func TestLateSpansAfterItLingered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := forgotten(t, 2)
		spans := draw(t, cart)
		b.send(spans[2])
		pass(time.Minute)
		b.expect(Stats{Remembered: 1, Analysed: 1, Late: 1, Corrected: 1})
		b.send(spans[3])
		pass(time.Minute)
		b.expect(Stats{Remembered: 1, Analysed: 1, Late: 2, Corrected: 2})
		if f := b.flow(t, spans[0].TraceID); f.Revision != 2 || f.SpanCount != 4 {
			t.Errorf("%+v", f)
		}
		b.expectRollup(spans)
	})
}

func TestRepeatsAfterItLingered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := forgotten(t, 0)
		spans := draw(t, cart)
		b.send(spans[1:3]...)
		pass(time.Minute)
		b.expect(Stats{Remembered: 1, Analysed: 1, Late: 2, Unchanged: 1})
		b.expectRollup(spans)
	})
}

// Repeats and news at once: the last to come are new.
func TestRepeatsBeforeLateSpans(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := forgotten(t, 1)
		spans := draw(t, cart)
		b.send(spans...)
		pass(time.Minute)
		b.expect(Stats{Remembered: 1, Analysed: 1, Late: 4, Corrected: 1})
		b.expectRollup(spans)
	})
}

// A restart replays the log: what was counted is seeded and stays counted.
func TestRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, spans := newRecord(), draw(t, cart)
		first := start(t, Config{}, r)
		first.send(spans[:3]...)
		pass(3 * time.Second)
		first.Close()

		second := New(Config{}, analyze.New(analyze.Config{}), r.lookup(), r.putFlow)
		second.Seed(0, []model.TraceID{spans[0].TraceID})
		b := startWith(t, second, r)
		b.send(spans[:3]...)
		pass(3 * time.Second)
		b.expect(Stats{Remembered: 1, Late: 3, Unchanged: 1})
		b.send(spans...)
		pass(3 * time.Second)
		b.expect(Stats{Remembered: 1, Late: 7, Unchanged: 1, Corrected: 1})
		b.expectRollup(spans)
	})
}

// Without the id, the rest of a counted trace is known by its missing root.
func TestRestOfATraceNotRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, spans := newRecord(), draw(t, cart)
		first := start(t, Config{}, r)
		first.send(spans[:2]...)
		pass(3 * time.Second)
		first.Close()

		b := start(t, Config{}, r)
		b.send(spans[2:]...)
		pass(time.Minute)
		b.expect(Stats{Remembered: 1, Late: 2, Corrected: 1})
		b.expectRollup(spans)
	})
}

// And one with a root because it began before all that is remembered.
func TestOldTraceNotRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spans := draw(t, cart)
		for i := range spans { // the bubble's clock starts in 2000
			spans[i].Start -= spans[0].Start - time.Now().Add(-2*time.Hour).UnixNano()
			spans[i].End = spans[i].Start + 1000
		}
		r := newRecord()
		first := start(t, Config{}, r)
		first.send(spans[1:]...)
		pass(time.Minute)
		first.Close()

		second := New(Config{}, analyze.New(analyze.Config{}), r.lookup(), r.putFlow)
		second.Seed(time.Now().Add(-time.Hour).UnixNano(), nil)
		b := startWith(t, second, r)
		b.send(spans[0])
		pass(time.Minute)
		b.expect(Stats{Remembered: 1, Late: 1, Corrected: 1})
		b.expectRollup(spans)
	})
}

// The sides of a call may share an id; each is a span of its own.
func TestLateSpanSharesAnID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, spans := start(t, Config{}, newRecord()), draw(t, `
web: GET / [server]           |====================
  web: GET cart [client]      |  ===============    @id=call
  cart: GET [server]          |   ============      @id=call`)
		b.send(spans[:2]...)
		pass(time.Minute)
		b.send(spans[2])
		pass(time.Minute)
		b.expect(Stats{Remembered: 1, Analysed: 1, Late: 1, Corrected: 1})
		b.expectRollup(spans)
	})
}

func TestStoreCannotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := forgotten(t, 1)
		spans := draw(t, cart)
		b.broken = errBroken
		b.send(spans[3])
		pass(time.Minute)
		b.expect(Stats{Remembered: 1, Analysed: 1, Late: 1, Dropped: 1})
		// A rootless trace that may be new is counted all the same.
		spans[3].TraceID[0]++
		b.send(spans[3])
		pass(31 * time.Second)
		b.expect(Stats{Lingering: 1, Bytes: 1, Remembered: 1, Analysed: 2, Late: 1, Dropped: 1})
	})
}

// Spans that are in the store but were left out of the flow make it unknown
// what was counted: nothing is taken away that was not added.
func TestMoreIsMissingThanCameLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := forgotten(t, 2)
		spans := draw(t, cart)
		b.broken = errBroken
		b.send(spans[2])
		pass(time.Minute)
		b.broken = nil
		b.send(spans[3])
		pass(time.Minute)
		b.expect(Stats{Remembered: 1, Analysed: 1, Late: 2, Dropped: 3})
		b.expectRollup(spans[:2])
	})
}

func TestNoLookup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, spans := newRecord(), draw(t, cart)
		b := startWith(t, New(Config{}, analyze.New(analyze.Config{}), Lookup{}, r.putFlow), r)
		b.send(spans[1:]...)
		pass(2 * time.Minute)
		b.send(spans[0])
		pass(time.Minute)
		b.expect(Stats{Remembered: 1, Analysed: 1, Late: 1, Dropped: 1})
	})
}

// Spans that come while the store is asked are added to what it says.
func TestSpansDuringALookup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, spans := newRecord(), draw(t, cart)
		answer := make(chan struct{})
		lookup := r.lookup()
		fetch := lookup.Fetch
		lookup.Fetch = func(ctx context.Context, id model.TraceID) (*model.Trace, error) {
			trace, err := fetch(ctx, id)
			<-answer
			return trace, err
		}
		b := startWith(t, New(Config{}, analyze.New(analyze.Config{}), lookup, r.putFlow), r)
		b.send(spans[:2]...)
		pass(time.Minute)
		b.send(spans[2])
		pass(time.Minute)
		b.send(spans[3])
		pass(time.Minute)
		b.expect(Stats{Open: 1, Bytes: 1, Remembered: 1, Analysed: 1, Late: 2})
		close(answer)
		b.expect(Stats{Remembered: 1, Analysed: 1, Late: 2, Corrected: 1})
		b.expectRollup(spans)
	})
}

func TestMemoryIsBounded(t *testing.T) {
	m := newMemory(100, time.Hour)
	id := func(i int) model.TraceID { return model.TraceID{byte(i), byte(i >> 8)} }
	for i := range 1000 {
		m.add(id(i), time.Time{}, 0)
		if m.len() > 100 {
			t.Fatalf("%d ids", m.len())
		}
	}
	if !m.has(id(960)) || m.has(id(800)) {
		t.Error("it is not the latest that are remembered")
	}
	m.add(id(1), time.Time{}, time.Hour)
	if !m.has(id(999)) {
		t.Error("an id is forgotten too early")
	}
	m.add(id(2), time.Time{}, 2*time.Hour)
	if m.has(id(999)) || !m.has(id(1)) {
		t.Error("ids are not forgotten in time")
	}
}
