package store_test

import (
	"cmp"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/query"
	"github.com/flowscope/flowscope/internal/store"
	"github.com/flowscope/flowscope/internal/store/storetest"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

// BenchmarkGraphWeek asks for the graph of a week, 200 million spans' worth of
// rollups: of one operation and of all, of a store that has just been opened and
// of one that has answered before.
func BenchmarkGraphWeek(b *testing.B) {
	dir := b.TempDir()
	_, err := storetest.WriteHistory(vfs.OS{}, filepath.Join(dir, "blocks"), 7)
	ok(b, err)
	for _, operation := range []string{"checkout", ""} {
		name := cmp.Or(operation, "all")
		b.Run(name+"/cold", func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				s := openHistory(b, dir)
				b.StartTimer()
				askWeek(b, s, operation)
				b.StopTimer()
				ok(b, s.Close())
				b.StartTimer()
			}
		})
		b.Run(name+"/warm", func(b *testing.B) {
			s := openHistory(b, dir)
			askWeek(b, s, operation)
			for b.Loop() {
				askWeek(b, s, operation)
			}
			ok(b, s.Close())
		})
	}
}

// askWeek asks for the flow graph of an operation, or for the dependencies of
// all when it is empty.
func askWeek(b *testing.B, s *store.Store, operation string) {
	b.Helper()
	end := storetest.HistoryEnd
	e := query.New(s, analyze.Config{}, func() time.Time { return end })
	f := query.Filter{Period: query.Period{From: end.AddDate(0, 0, -7).UnixNano(), To: end.UnixNano()}, Operation: operation}
	if operation == "" {
		d, err := e.Dependencies(b.Context(), f)
		if ok(b, err); len(d.Graph.Nodes) != 29 {
			b.Fatalf("%d nodes", len(d.Graph.Nodes))
		}
		return
	}
	g, err := e.OperationGraph(b.Context(), f)
	if ok(b, err); len(g.Graph.Nodes) != 9 {
		b.Fatalf("%d nodes", len(g.Graph.Nodes))
	}
}

func openHistory(tb testing.TB, dir string) *store.Store {
	tb.Helper()
	s, err := store.Open(store.Config{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	ok(tb, err)
	return s
}
