package store_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store"
	"github.com/flowscope/flowscope/internal/store/storetest"
)

// BenchmarkAppend is the whole store on a real disk, every fsync and block
// included: eight senders of 1,000-span batches.
func BenchmarkAppend(b *testing.B) {
	s, err := store.Open(store.Config{Dir: b.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	ok(b, err)
	ctx, cancel := context.WithCancel(context.Background())
	ok(b, s.Start(ctx, nil))
	var running sync.WaitGroup
	running.Go(func() { ok(b, s.Run(ctx)) })
	var batches []*model.Batch
	for seed := range uint64(8) {
		batches = append(batches, storetest.NewGen(seed).Batch(100, 10))
	}
	b.SetParallelism(4)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			for {
				err := s.Append(ctx, batches[i%len(batches)])
				if err == nil {
					break
				}
				if !errors.Is(err, store.ErrBusy) {
					b.Fatal(err)
				}
			}
		}
	})
	ok(b, s.Flush(ctx))
	b.StopTimer()
	st := s.Stats()
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(st.Spans), "ns/span")
	b.ReportMetric(float64(st.WALBytes)/float64(st.Spans), "wal-B/span")
	b.ReportMetric(float64(st.StoredBytes)/float64(st.Spans), "block-B/span")
	b.ReportMetric(float64(st.Batches)/float64(st.WALSyncs), "batches/fsync")
	cancel()
	running.Wait()
	ok(b, s.Close())
}
