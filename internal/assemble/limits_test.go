package assemble

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/analyze/analyzetest"
	"github.com/flowscope/flowscope/internal/model"
)

// numbered makes single-span traces, rooted or not.
func numbered(from, n int, rooted bool) []analyzetest.Span {
	spans := make([]analyzetest.Span, n)
	for i := range spans {
		spans[i] = analyzetest.Span{
			TraceID: model.TraceID{1, byte((from + i) >> 8), byte(from + i)}, ID: model.SpanID{1}, Name: "n",
			Start: analyzetest.Epoch, End: analyzetest.Epoch + 1,
		}
		if !rooted {
			spans[i].Parent = model.SpanID{2}
		}
	}
	return spans
}

func TestTracesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Config{MaxTraces: 10}, newRecord())
		for i := range 5 {
			b.send(numbered(i, 1, false)...)
		}
		for i := range 5 {
			b.send(numbered(10+i, 1, true)...)
		}
		pass(3 * time.Second) // these five linger
		b.send(numbered(20, 5, true)...)
		b.expect(Stats{Open: 10, Bytes: 1, Remembered: 5, Analysed: 5})
		b.send(numbered(30, 3, true)...) // in place of the most complete
		b.expect(Stats{Open: 10, Bytes: 1, Remembered: 8, Analysed: 8, Forced: 3})
	})
}

func TestLingeringIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Config{MaxTraces: 9}, newRecord())
		b.send(numbered(0, 6, true)...)
		pass(3 * time.Second)
		b.expect(Stats{Lingering: 6, Bytes: 1, Analysed: 6})
		b.send(numbered(10, 1, true)...) // more than a third linger, though there is room
		b.expect(Stats{Open: 1, Lingering: 3, Bytes: 1, Remembered: 3, Analysed: 6})
	})
}

func TestBytesAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		spans := numbered(0, 30, false)
		size := int64(analyzetest.Batch(spans[:1]).Size())
		b := start(t, Config{MaxBytes: 10 * size}, newRecord())
		for _, s := range spans {
			b.send(s)
			if got := b.Stats().Bytes; got > 10*size {
				t.Fatalf("%d bytes are held, the limit is %d", got, 10*size)
			}
		}
		b.expect(Stats{Open: 10, Bytes: 1, Remembered: 20, Analysed: 20, Forced: 20})
	})
}

// What cannot be corrected for lack of memory is left as it was counted.
func TestLateSpansAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, spans := start(t, Config{MaxTraces: 1}, newRecord()), draw(t, cart)
		b.send(spans[:2]...)
		pass(time.Minute)
		b.send(spans[2])
		b.send(numbered(0, 1, true)...)
		pass(time.Minute)
		b.expect(Stats{Remembered: 2, Analysed: 2, Late: 1, Dropped: 1, Forced: 1})
		if f := b.flow(t, spans[0].TraceID); f.SpanCount != 2 {
			t.Errorf("%+v", f)
		}
	})
}

// Nor does it wait for the store to say what there is.
func TestLookupsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		answer := make(chan struct{})
		lookup := newRecord().lookup()
		lookup.Counted = func(context.Context, model.TraceID) (model.FlowSummary, bool, error) {
			<-answer
			return model.FlowSummary{}, false, nil
		}
		spans := draw(t, cart)[1:]
		size := int64(analyzetest.Batch(spans).Size())
		b := startWith(t, New(Config{MaxBytes: 2 * size}, analyze.New(analyze.Config{}), lookup), newRecord())
		b.send(spans...)
		pass(time.Minute) // it is asked about
		b.send(spans...)
		b.expect(Stats{Open: 1, Bytes: 1})
		b.send(spans...)
		b.expect(Stats{Remembered: 1, Analysed: 1, Forced: 1})
		close(answer) // nobody waits for it any more
		b.expect(Stats{Remembered: 1, Analysed: 1, Forced: 1})
	})
}

func TestSpansOfATraceAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, spans := start(t, Config{MaxSpans: 3}, newRecord()), draw(t, cart)
		b.send(spans[:2]...)
		b.send(spans[2:]...)
		pass(3 * time.Second)
		b.expect(Stats{Lingering: 1, Bytes: 1, Analysed: 1, Dropped: 1})
		if f := b.flow(t, spans[0].TraceID); f.SpanCount != 3 {
			t.Errorf("%+v", f)
		}
	})
}

// A batch is let go with its last trace, by the analyzer too, and so is what
// the store fetched for a late span.
func TestBatchesAreLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var last model.Flow
		var fetched weak.Pointer[model.Batch]
		lookup := Lookup{
			Counted: func(context.Context, model.TraceID) (model.FlowSummary, bool, error) {
				return *last.FlowSummary, true, nil
			},
			Settled: newRecord().lookup().Settled,
			Fetch: func(context.Context, model.TraceID) (*model.Trace, error) {
				batch := analyzetest.Batch(draw(t, cart))
				fetched = weak.Make(batch)
				return analyzetest.Traces(batch)[0], nil
			},
		}
		a := New(Config{}, analyze.New(analyze.Config{}), lookup, func(f, _ *model.Flow) { last = *f })
		b := startWith(t, a, newRecord())
		held := func() weak.Pointer[model.Batch] {
			batch := analyzetest.Batch(draw(t, cart)[:3])
			b.Observe(batch)
			return weak.Make(batch)
		}()
		pass(time.Minute)
		b.send(draw(t, cart)[3])
		pass(time.Minute)
		b.expect(Stats{Remembered: 1, Analysed: 1, Late: 1, Corrected: 1})
		runtime.GC()
		if held.Value() != nil || fetched.Value() != nil {
			t.Error("the batch is still held")
		}
		if last.Operation != "GET /" || last.Services[1].Name != "cart" {
			t.Errorf("%+v", last)
		}
	})
}

func TestObserveBlocksWhileTooMuchWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		batch := analyzetest.Batch(draw(t, cart))
		a := New(Config{QueueBytes: 3 * int64(batch.Size())}, analyze.New(analyze.Config{}), Lookup{})
		observed := 0
		blocked := make(chan struct{})
		go func() {
			for range 5 {
				a.Observe(batch)
				observed++
			}
			close(blocked)
		}()
		synctest.Wait()
		if observed != 3 || a.Stats().QueueBytes != 3*int64(batch.Size()) {
			t.Errorf("%d observed, %d bytes", observed, a.Stats().QueueBytes)
		}
		go a.Run(t.Context()) //nolint:errcheck // it has no error but to be called twice
		<-blocked
		a.Close()
		a.Observe(batch) // neither blocks nor does anything
		a.Barrier(func([]model.TraceID) { t.Error("a barrier after the end") })
		if err := a.Run(t.Context()); err == nil {
			t.Error("Run can be called twice")
		}
	})
}

// A batch beyond the limit passes when nothing else waits.
func TestObserveTakesALargeBatch(t *testing.T) {
	a := New(Config{QueueBytes: 1}, analyze.New(analyze.Config{}), Lookup{})
	a.Observe(analyzetest.Batch(draw(t, cart)))
	if err := a.Close(); err != nil { // before Run
		t.Error(err)
	}
	a.Close()
}

// The end does not count what is open: the log brings it back.
func TestEndCountsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRecord()
		a := New(Config{}, analyze.New(analyze.Config{}), r.lookup(), r.putFlow)
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- a.Run(ctx) }()
		a.Observe(analyzetest.Batch(draw(t, cart)))
		synctest.Wait()
		cancel()
		if err := <-done; err != nil || r.counts != 0 {
			t.Errorf("%v, %d counted", err, r.counts)
		}
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	})
}
