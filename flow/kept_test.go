package flow_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/flowscope/flowscope/flow"
)

// heap is what is in use, in MiB.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) >> 20
}

// TestLongTextsAreNotKeptAlive fails, logs and names flows with what takes 2 MB
// each. It is not parallel: it measures memory.
func TestLongTextsAreNotKeptAlive(t *testing.T) {
	long := strings.Repeat("body ", 400_000)
	for name, do := range map[string]func(tracker *flow.Tracker, text string){
		"errors": func(tracker *flow.Tracker, text string) {
			_, op := tracker.Start(t.Context(), "x")
			op.Fail(errors.New(text))
			op.End()
		},
		"running": func(tracker *flow.Tracker, text string) {
			_, op := tracker.Start(t.Context(), "x")
			op.SetStatus(flow.Failed, text)
			op.SetName(text + "!")
		},
		"logs": func(tracker *flow.Tracker, text string) {
			ctx, op := tracker.Start(t.Context(), "x")
			slog.New(flow.NewHandler(slog.NewTextHandler(sink{}, nil), nil)).ErrorContext(ctx, text) //nolint:sloglint // texts are what is tested
			op.End()
		},
		"names": func(tracker *flow.Tracker, text string) {
			_, op := tracker.Start(t.Context(), text)
			op.End()
		},
		"caches": func(tracker *flow.Tracker, text string) { tracker.Cache(text).Hit() },
	} {
		tracker := flow.New(flow.WithAnomalies())
		before := heap()
		for i := range 20 {
			do(tracker, fmt.Sprintf("kind %c: %s", 'a'+i, long))
		}
		if more := heap() - before; more > 8 {
			t.Errorf("%s take %d MiB", name, more)
		}
		runtime.KeepAlive(tracker)
	}
}

// TestMessagesOfRunningFlowsAreBounded by what a run may take, but for the flow's own.
func TestMessagesOfRunningFlowsAreBounded(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	ctx, root := tracker.Start(t.Context(), "batch")
	text := strings.Repeat("x", 1000)
	for range 1900 {
		_, op := flow.Start(ctx, "item")
		op.SetStatus(flow.Failed, text)
		op.End()
	}
	root.SetStatus(flow.Failed, text)
	for range 1000 { // what is said anew takes no more
		root.SetStatus(flow.Failed, "x")
		root.SetStatus(flow.Failed, text)
	}
	root.End()
	size := 0
	spans := tracker.Flows(1)[0].Spans
	for _, s := range spans {
		size += len(s.Message)
		if s.Status != flow.Failed {
			t.Errorf("%+v", s)
		}
	}
	if got := len(spans[0].Message); size > 520<<10 || size < 400<<10 || got < 100 || spans[1].Message != text {
		t.Errorf("the messages take %d bytes, the flow's own %d", size, got)
	}
}

// TestNamesOfMetricsAreText has names that are not UTF-8, which make a scrape invalid.
func TestNamesOfMetricsAreText(t *testing.T) {
	t.Parallel()
	const name = "tenant \xff"
	tracker := flow.New()
	for range 2 {
		tracker.Cache(name).Hit()
		tracker.Limit(name).Count(true)
	}
	db := sql.OpenDB(nil)
	defer db.Close()
	tracker.WatchDB(name, db)
	if err := tracker.SLO(name, flow.Objective{Target: .9}); err != nil {
		t.Fatal(err)
	}
	record(t, tracker, name)
	var out bytes.Buffer
	if err := tracker.WriteMetrics(&out); err != nil || !utf8.Valid(out.Bytes()) {
		t.Errorf("%v: %s", err, out.String())
	}
	if c := tracker.Caches(); len(c) != 1 || c[0].Hits != 2 || tracker.SLOs()[0].Good != 1 {
		t.Errorf("%+v, %+v", c, tracker.SLOs())
	}
	if tracker.WatchDB(name, nil); len(tracker.Pools()) != 0 {
		t.Errorf("%+v", tracker.Pools())
	}
}

// TestOddKeysAreReplaced has keys that are kept otherwise than they are said.
func TestOddKeysAreReplaced(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	_, op := tracker.Start(t.Context(), "x")
	for _, key := range []string{"k\xff", strings.Repeat("k", 300)} {
		op.Set(flow.Int(key, 1), flow.Int(key, 2))
	}
	op.Event(strings.Repeat("e", 600<<10)) // of which a part is kept
	op.End()
	s := tracker.Flows(1)[0].Spans[0]
	if len(s.Attrs) != 2 || s.Attrs[0].Text() != "2" || s.Attrs[1].Text() != "2" || len(s.Events) != 1 {
		t.Errorf("%d attributes, %d events: %+v", len(s.Attrs), len(s.Events), s.Attrs)
	}
}

func TestGoroutinesAreTheProgramsOwn(t *testing.T) {
	if got, want := flow.New().Runtime().Goroutines, int64(runtime.NumGoroutine()); got != want {
		t.Errorf("%d goroutines of %d", got, want)
	}
}

func TestNilOperationTrackerDoesNothing(t *testing.T) {
	t.Parallel()
	var o *flow.OperationTracker
	o.SetMetadata("k", "v")
	o.End(errors.New("no"))
	if o.Context() == nil || (&flow.OperationTracker{}).Context() == nil {
		t.Error("it has no context")
	}
	defer func() {
		if cause := recover(); cause != "boom" {
			t.Errorf("the panic is %v", cause)
		}
	}()
	defer o.End(nil)
	panic("boom")
}
