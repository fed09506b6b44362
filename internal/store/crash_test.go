package store_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store"
	"github.com/flowscope/flowscope/internal/store/storetest"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

// config is a store in memory whose clock moves a second a call, so that no two
// cuts have one time.
func config(fs vfs.FS) store.Config {
	var mu sync.Mutex
	now := time.Unix(0, storetest.Epoch).Add(time.Hour)
	return store.Config{Dir: "data", FS: fs, Logger: slog.New(slog.DiscardHandler), Now: func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Second)
		return now
	}}
}

func ok(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// counting is an observer that counts each trace once, as the assembler does:
// a flow when it has all its spans, in a goroutine of its own.
type counting struct {
	s       *store.Store
	whole   int // spans of a whole trace
	in      chan func()
	done    chan struct{}
	open    map[model.TraceID]map[model.SpanID]bool
	counted map[model.TraceID]bool
}

func newCounting(s *store.Store, whole int) (*counting, error) {
	c := &counting{s: s, whole: whole, in: make(chan func(), 8), done: make(chan struct{}),
		open: map[model.TraceID]map[model.SpanID]bool{}, counted: map[model.TraceID]bool{}}
	ids, _, err := s.Counted(context.Background(), math.MaxInt)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		c.counted[id] = true
	}
	go func() {
		defer close(c.done)
		for f := range c.in {
			f()
		}
	}()
	return c, nil
}

func (c *counting) stop() {
	close(c.in)
	<-c.done
}

func (c *counting) Observe(b *model.Batch) { c.in <- func() { c.observe(b) } }

func (c *counting) observe(b *model.Batch) {
	for i, id := range b.TraceIDs {
		if c.counted[id] {
			continue
		}
		if c.open[id] == nil {
			c.open[id] = map[model.SpanID]bool{}
		}
		if c.open[id][b.SpanIDs[i]] = true; len(c.open[id]) == c.whole {
			c.s.PutFlow(flowOf(id), nil)
			c.counted[id] = true
			delete(c.open, id)
		}
	}
}

func (c *counting) Barrier(done func([]model.TraceID)) {
	c.in <- func() {
		var open []model.TraceID
		for id := range c.open {
			open = append(open, id)
		}
		done(open)
	}
}

func flowOf(id model.TraceID) *model.Flow { return storetest.Flow(id, storetest.Epoch, int(id[0])) }

// halves splits batches of whole traces into two parts of each trace, so that
// traces are open when a cut comes between.
func halves(b *model.Batch) (first, second *model.Batch) {
	first, second = &model.Batch{}, &model.Batch{}
	one, two := model.NewCopier(first), model.NewCopier(second)
	for i := range b.Len() {
		if i%2 == 0 {
			one.Copy(b.Span(i))
		} else {
			two.Copy(b.Span(i))
		}
	}
	first.Seal()
	second.Seal()
	return first, second
}

const spansPerTrace = 4

// life is what happens to a store in one run of the crash test: appends with
// flushes and merges between them, until the disk is gone.
func life(s *store.Store, batches []*model.Batch) (acked []*model.Batch) {
	ctx := context.Background()
	for i, b := range batches {
		if s.Append(ctx, b) == nil {
			acked = append(acked, b)
		}
		if i%3 == 1 && s.Flush(ctx) != nil {
			continue
		}
		if i%9 == 8 {
			_ = s.Maintain(ctx)
		}
	}
	return acked
}

// The disk dies at every single operation in turn, the power fails, and the
// store comes up again: every acknowledged span is there, every whole trace is
// counted exactly once, and the store goes on.
func TestCrashAtEveryOperation(t *testing.T) {
	t.Parallel()
	dead := errors.New("the disk is gone")
	for k := 1; ; k++ {
		mem, ops := vfs.NewMem(), 0
		var mu sync.Mutex
		disk := &vfs.Fault{FS: mem, Hook: func(op vfs.Op, _ string) error {
			mu.Lock()
			defer mu.Unlock()
			if op.Changes() {
				ops++
			}
			if ops >= k {
				return dead
			}
			return nil
		}}
		gen := storetest.NewGen(1)
		var batches []*model.Batch
		for range 10 {
			first, second := halves(gen.Batch(1, spansPerTrace))
			batches = append(batches, first, second)
		}
		var acked []*model.Batch
		cfg := config(disk)
		if s, err := store.Open(cfg); err == nil {
			o, err := newCounting(s, spansPerTrace)
			ok(t, err)
			if s.Start(context.Background(), o) == nil {
				acked = life(s, batches)
			}
			_ = s.Close()
			o.stop()
		}
		// Half of the crashes lose all that was not synced, the others some of it.
		random := rand.New(rand.NewPCG(uint64(k), 1))
		if k%2 == 0 {
			random = nil
		}
		checkAfterCrash(t, fmt.Sprintf("operation %d", k), mem.Crash(random), acked, batches)
		if ops < k {
			t.Logf("%d operations", ops)
			return
		}
		if k > crashesInARow {
			k += crashStep - 1
		}
	}
}

func checkAfterCrash(t *testing.T, when string, disk vfs.FS, acked, sent []*model.Batch) {
	t.Helper()
	ctx := context.Background()
	s, err := store.Open(config(disk))
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	o, err := newCounting(s, spansPerTrace)
	if err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	if err := s.Start(ctx, o); err != nil {
		t.Fatalf("%s: %v", when, err)
	}
	holds(t, when, s, acked)
	// Everything comes again, as a sender would send what got no answer.
	for _, b := range sent {
		if err := s.Append(ctx, b); err != nil {
			t.Fatalf("%s: append after the restart: %v", when, err)
		}
	}
	for range 2 {
		if err := s.Flush(ctx); err != nil {
			t.Fatalf("%s: flush after the restart: %v", when, err)
		}
		holds(t, when, s, sent)
		countedOnce(t, when, s, sent)
	}
	if st := s.Stats(); st.BlocksQuarantined+st.WALCorrupt > 0 {
		t.Fatalf("%s: a crash left damage: %+v", when, st)
	}
	ok(t, s.Close())
	o.stop()
}

func holds(t *testing.T, when string, s *store.Store, batches []*model.Batch) {
	t.Helper()
	want := map[model.TraceID]map[model.SpanID]bool{}
	for _, b := range batches {
		for i, id := range b.TraceIDs {
			if want[id] == nil {
				want[id] = map[model.SpanID]bool{}
			}
			want[id][b.SpanIDs[i]] = true
		}
	}
	for id, spans := range want {
		got, err := s.Trace(context.Background(), id)
		if err != nil {
			t.Fatalf("%s: acknowledged: %v", when, err)
		}
		seen := map[model.SpanID]bool{}
		for _, span := range got.Spans {
			if seen[span.ID()] {
				t.Fatalf("%s: trace %s has a span twice", when, id)
			}
			seen[span.ID()] = true
		}
		for span := range spans {
			if !seen[span] {
				t.Fatalf("%s: acknowledged span %x of trace %s is lost", when, span, id)
			}
		}
	}
}

func countedOnce(t *testing.T, when string, s *store.Store, batches []*model.Batch) {
	t.Helper()
	want, ids := storetest.NewRollups(), map[model.TraceID]bool{}
	for _, b := range batches {
		for _, id := range b.TraceIDs {
			if !ids[id] {
				ids[id] = true
				want.AddFlow(flowOf(id), 1)
			}
		}
	}
	page, err := s.Flows(context.Background(), model.FlowQuery{})
	if err != nil || page.Total != len(ids) {
		t.Fatalf("%s: %d flows, %v; want %d", when, page.Total, err, len(ids))
	}
	counted, err := s.Rollups(context.Background(), model.RollupQuery{Step: model.RollupBucket})
	ok(t, err)
	got := storetest.RollupsOf(counted.List)
	if got.String() != want.String() {
		t.Fatalf("%s: rollups\n%s\nwant\n%s", when, got, want)
	}
}
