package assemble

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/analyze/analyzetest"
	"github.com/flowscope/flowscope/internal/model"
)

const cart = `
web: GET / [server]           |====================
  web: GET cart [client]      |  ===============
    cart: GET [server]        |   ============
      cart: query [client]    |    ====  db.system.name=redis`

func TestRootedTraceIsCountedWhenQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, spans := start(t, Config{}, newRecord()), draw(t, cart)
		b.send(spans[3], spans[2])
		pass(10 * time.Second)
		b.send(spans[1], spans[0])
		pass(1900 * time.Millisecond)
		b.expect(Stats{Open: 1, Bytes: 1})
		pass(200 * time.Millisecond)
		b.expect(Stats{Lingering: 1, Bytes: 1, Analysed: 1})
		if f := b.flow(t, spans[0].TraceID); f.SpanCount != 4 || f.Orphans != 0 || f.Revision != 0 {
			t.Errorf("%+v", f)
		}
		pass(30 * time.Second)
		b.expect(Stats{Remembered: 1, Analysed: 1})
	})
}

func TestSpansPutOffTheCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, spans := start(t, Config{}, newRecord()), draw(t, cart)
		for _, s := range spans {
			b.send(s)
			pass(1500 * time.Millisecond)
		}
		b.expect(Stats{Open: 1, Bytes: 1})
		pass(600 * time.Millisecond)
		b.expect(Stats{Lingering: 1, Bytes: 1, Analysed: 1})
	})
}

func TestRootlessTraceIsCountedAtTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, spans := start(t, Config{}, newRecord()), draw(t, cart)
		b.send(spans[1:]...)
		pass(29900 * time.Millisecond)
		b.expect(Stats{Open: 1, Bytes: 1})
		pass(200 * time.Millisecond)
		b.expect(Stats{Lingering: 1, Bytes: 1, Analysed: 1})
		if f := b.flow(t, spans[0].TraceID); f.Status != model.FlowTimeout || !f.NoRoot || f.Orphans != 1 {
			t.Errorf("%+v", f)
		}
	})
}

func TestRootWithoutEndIsNoRoot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Config{}, newRecord())
		b.send(draw(t, `web: GET / [server] |====  @noend`)...)
		pass(10 * time.Second)
		b.expect(Stats{Open: 1, Bytes: 1})
		pass(21 * time.Second)
		b.expect(Stats{Lingering: 1, Bytes: 1, Analysed: 1})
	})
}

func TestTraceThatIsNeverQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, spans := start(t, Config{}, newRecord()), draw(t, cart)
		b.send(spans[0])
		// Analysed and corrected by then: five minutes after the first span,
		// and five after the first span that was not counted with it.
		want := map[int][2]int64{295: {0, 0}, 305: {1, 0}, 595: {1, 0}, 605: {1, 1}}
		for i := range 610 {
			child := spans[1]
			child.ID[0], child.ID[1] = byte(i>>8), byte(i)
			b.send(child)
			pass(time.Second)
			s := b.Stats()
			if w, ok := want[i]; ok && w != [2]int64{s.Analysed, s.Corrected} {
				t.Errorf("after %d s: %+v, want %v", i, s, w)
			}
		}
	})
}

// Late spans replace the flow, also several times, and add up to the same as
// if they had come in time.
func TestLateSpansWhileItLingers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, spans := start(t, Config{}, newRecord()), draw(t, cart)
		b.send(spans[0])
		pass(3 * time.Second)
		b.send(spans[2])
		pass(20 * time.Second)
		b.send(spans[1])
		pass(25 * time.Second)
		b.send(spans[3])
		pass(3 * time.Second)
		b.expect(Stats{Lingering: 1, Bytes: 1, Analysed: 1, Late: 3, Corrected: 3})
		if f := b.flow(t, spans[0].TraceID); f.Revision != 3 || f.SpanCount != 4 {
			t.Errorf("%+v", f)
		}
		b.expectRollup(spans)
	})
}

func TestRepeatsWhileItLingers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, spans := start(t, Config{}, newRecord()), draw(t, cart)
		b.send(append(spans, spans...)...)
		pass(3 * time.Second)
		b.send(spans...)
		pass(3 * time.Second)
		b.expect(Stats{Lingering: 1, Bytes: 1, Analysed: 1, Late: 4, Unchanged: 1})
		b.expectRollup(spans)
	})
}

// expectRollup checks that what is counted is what spans add up to, each once.
func (b *bench) expectRollup(spans []analyzetest.Span) {
	b.t.Helper()
	want := newRecord()
	for _, trace := range analyzetest.Traces(analyzetest.Batch(spans)) {
		want.putFlow(analyze.New(analyze.Config{}).Flow(trace), nil)
	}
	if b.rollup.Flows != want.rollup.Flows || b.rollup.Errors != want.rollup.Errors ||
		b.rollup.Latency.Count() != want.rollup.Latency.Count() || b.rollup.Latency.Sum() != want.rollup.Latency.Sum() {
		b.t.Errorf("got %+v, want %+v", b.rollup, want.rollup)
	}
	for e, s := range b.rollup.Graph.Edges {
		w := want.rollup.Graph.Edge(e)
		if s.Calls != w.Calls || s.Errors != w.Errors || s.Retries != w.Retries || s.Latency.Sum() != w.Latency.Sum() {
			b.t.Errorf("%s -> %s: got %+v, want %+v", e.From.ID(), e.To.ID(), s, w)
		}
	}
	for n, s := range b.rollup.Graph.Nodes {
		w := want.rollup.Graph.Node(n)
		if s.Requests != w.Requests || s.Self != w.Self || s.Critical != w.Critical || s.Latency.Count() != w.Latency.Count() {
			b.t.Errorf("%s: got %+v, want %+v", n.ID(), s, w)
		}
	}
}
