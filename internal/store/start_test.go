package store_test

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store"
	"github.com/flowscope/flowscope/internal/store/block"
	"github.com/flowscope/flowscope/internal/store/storetest"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

// BenchmarkStart opens what 20 million spans leave on disk and reads from it what
// a server does before it is ready: 100 blocks of 200,000 spans and 13,333 flows,
// and 1,000 traces that were open at the end. The blocks
// have 1,000 spans each, because none but those of open traces are read, and no
// WAL, because they cover it.
func BenchmarkStart(b *testing.B) {
	dir := b.TempDir()
	writeLastHour(b, filepath.Join(dir, "blocks"))
	var open, seed, start time.Duration
	for b.Loop() {
		begun := time.Now()
		s, err := store.Open(store.Config{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
		ok(b, err)
		open += lap(&begun)
		ids, _, err := s.Counted(b.Context(), 100_000) // as the server asks
		if ok(b, err); len(ids) < 100_000 {
			b.Fatalf("%d flows", len(ids))
		}
		seed += lap(&begun)
		ok(b, s.Start(b.Context(), nobody{}))
		start += lap(&begun)
		ok(b, s.Close())
	}
	for name, took := range map[string]time.Duration{"open-ms": open, "seed-ms": seed, "start-ms": start} {
		b.ReportMetric(took.Seconds()*1e3/float64(b.N), name)
	}
}

func lap(begun *time.Time) time.Duration {
	was := *begun
	*begun = time.Now()
	return begun.Sub(was)
}

// nobody observes.
type nobody struct{}

func (nobody) Observe(*model.Batch)                   {}
func (nobody) Barrier(passed func(o []model.TraceID)) { passed(nil) }

// writeLastHour makes 100 blocks of an hour.
func writeLastHour(b *testing.B, dir string) {
	b.Helper()
	ok(b, vfs.OS{}.MkdirAll(dir))
	gen := storetest.NewGen(31)
	for i := range 100 {
		at := storetest.Epoch + int64(i)*int64(36*time.Second)
		batch := gen.At(at).Batch(66, 15)
		c := &block.Content{WALSeq: uint64(i + 1), Created: time.Unix(0, at).Add(36 * time.Second), Batches: []*model.Batch{batch}}
		sums := storetest.NewRollups()
		for k := range 13_333 {
			f := storetest.Flow(gen.TraceID(), at+int64(k)*int64(2*time.Millisecond), k)
			f.Revision = 0
			c.Flows = append(c.Flows, f.FlowSummary)
			if k%100 == 0 {
				sums.AddFlow(f, 1)
			}
		}
		c.Rollups = sums.List()
		if i == 99 {
			for range 1000 {
				c.Open = append(c.Open, gen.TraceID())
			}
			copy(c.Open, batch.TraceIDs)
		}
		_, err := block.Write(vfs.OS{}, dir, c)
		ok(b, err)
	}
}

// elsewhere works on what it is given in a goroutine of its own.
type elsewhere struct{ nobody }

func (elsewhere) Barrier(passed func([]model.TraceID)) { go passed(nil) }

// Whether Flush or Run makes the block, Flush returns when it is there.
func TestFlushBesideRun(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s, err := store.Open(config(vfs.NewMem()))
	ok(t, err)
	defer func() { ok(t, s.Close()) }()
	ok(t, s.Start(ctx, elsewhere{}))
	ran := make(chan error, 1)
	go func() { ran <- s.Run(ctx) }()
	gen := storetest.NewGen(1)
	for i := range 50 {
		ok(t, s.Append(ctx, gen.Batch(1, 1)))
		ok(t, s.Flush(ctx))
		if got := s.Stats().LiveSpans; got != 0 {
			t.Fatalf("%d spans are in no block after flush %d", got, i)
		}
	}
	cancel()
	ok(t, <-ran)
}
