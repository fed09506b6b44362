package storecmd_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store"
	"github.com/flowscope/flowscope/internal/storecmd"
)

const spansPerTrace = 3

// traceID is the id of trace n; odd ones are of an environment that retention
// takes out as it pleases.
func traceID(n int) (id model.TraceID) {
	binary.BigEndian.PutUint64(id[:], uint64(n+1)*0x9e3779b97f4a7c15)
	return id
}

func numbered(n int) *model.Batch {
	b := &model.Batch{}
	env := model.Value{Type: model.TypeString, Str: []string{"prod", "staging"}[n%2]}
	b.SideAttrs = append(b.SideAttrs, b.NewAttr("deployment.environment.name", env))
	b.Resources, b.Scopes = []model.Resource{{Attrs: model.Range{Len: 1}}}, []model.Scope{{}}
	for s := range spansPerTrace {
		i := b.AddSpan(0, 0)
		b.TraceIDs[i], b.SpanIDs[i] = traceID(n), model.SpanID{byte(s + 1)}
		b.Starts[i], b.Ends[i] = 1, 2
		b.EndSpan()
	}
	b.Seal()
	return b
}

// busy is a store that takes spans, makes blocks, merges them and takes spans
// out of them, all the time.
type busy struct {
	s  *store.Store
	mu sync.Mutex
	// acked traces are those below it; the next one may be there or not.
	acked int
}

func startBusy(t *testing.T, dir string, keep store.Retention) *busy {
	t.Helper()
	s, err := store.Open(store.Config{Dir: dir, Retention: keep, Logger: slog.New(slog.DiscardHandler)})
	ok(t, err)
	ok(t, s.Start(t.Context(), nil))
	b := &busy{s: s}
	ctx, cancel := context.WithCancel(context.Background())
	var wait sync.WaitGroup
	b.run(ctx, &wait)
	t.Cleanup(func() {
		cancel()
		wait.Wait()
		ok(t, s.Close())
	})
	return b
}

func (b *busy) run(ctx context.Context, wait *sync.WaitGroup) {
	loop := func(work func() error) {
		wait.Go(func() {
			for ctx.Err() == nil {
				if err := work(); err != nil && ctx.Err() == nil {
					panic(err)
				}
			}
		})
	}
	loop(func() error {
		if err := b.s.Append(ctx, numbered(b.count())); err != nil {
			return err
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		b.acked++
		return nil
	})
	loop(func() error { return b.s.Flush(ctx) })
	loop(func() error { return b.s.Maintain(ctx) })
}

func (b *busy) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.acked
}

// waitFor returns once so many blocks more were merged and rewritten.
func (b *busy) waitFor(merged, pruned int64) {
	begun := b.s.Stats()
	for {
		st := b.s.Stats()
		if st.BlocksMerged-begun.BlocksMerged >= merged && st.BlocksPruned-begun.BlocksPruned >= pruned {
			return
		}
		_ = b.s.Flush(context.Background())
	}
}

// A backup of a busy store has every span that was acknowledged before it began,
// once.
func TestBackupWhileBusy(t *testing.T) {
	dir := t.TempDir()
	keep := store.Retention{Environments: []store.EnvironmentRetention{{Name: "staging", Bytes: 20_000}}}
	b := startBusy(t, dir, keep)
	for round := range 4 {
		b.waitFor(2, 1)
		before := b.count()
		out := filepath.Join(t.TempDir(), "backup")
		ok(t, storecmd.Backup(t.Context(), dir, out, round%2 == 0, io.Discard))
		checkCopy(t, fmt.Sprint("round ", round), out, before, b.count()+1)
	}
	if err := storecmd.Backup(t.Context(), dir, dir, true, io.Discard); !errors.Is(err, fs.ErrExist) {
		t.Errorf("onto a directory that is there: %v", err)
	}
}

// checkCopy starts a store on a copy and looks for traces: those below acked
// must be there, those up to sent may be.
func checkCopy(t *testing.T, when, dir string, acked, sent int) {
	t.Helper()
	s, err := store.Open(store.Config{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	ok(t, err)
	ok(t, s.Start(t.Context(), nil))
	found := int64(0)
	for n := range sent {
		trace, err := s.Trace(t.Context(), traceID(n))
		if errors.Is(err, model.ErrNotFound) && (n >= acked || n%2 == 1) {
			continue
		}
		ok(t, err)
		if len(trace.Spans) != spansPerTrace {
			t.Fatalf("%s: trace %d has %d spans", when, n, len(trace.Spans))
		}
		found += spansPerTrace
	}
	st := s.Stats()
	if st.StoredSpans+st.LiveSpans != found || st.BlocksQuarantined+st.WALCorrupt > 0 {
		t.Fatalf("%s: %d spans of %d traces, %d are there; %+v", when, found, acked, st.StoredSpans+st.LiveSpans, st)
	}
	t.Logf("%s: %d traces acknowledged before, %d blocks, %d spans in the WAL", when, acked, st.Blocks, st.LiveSpans)
	ok(t, s.Close())
	ok(t, storecmd.Verify(t.Context(), dir, io.Discard))
}

// An export of a busy store has every span that was acknowledged before, once.
func TestExportWhileBusy(t *testing.T) {
	dir := t.TempDir()
	b := startBusy(t, dir, store.Retention{})
	for round := range 2 {
		b.waitFor(2, 0)
		before := b.count()
		var out writer
		_, err := storecmd.Export(t.Context(), dir, storecmd.FormatOTLPJSON, "-", storecmd.Filter{}, &out)
		ok(t, err)
		seen := map[model.TraceID]int{}
		for _, batch := range read(t, storecmd.FormatOTLPJSON, out) {
			for _, id := range batch.TraceIDs {
				seen[id]++
			}
		}
		for n := range b.count() + 1 {
			if got := seen[traceID(n)]; got != spansPerTrace && (got != 0 || n < before) {
				t.Fatalf("round %d: trace %d of %d has %d spans", round, n, before, got)
			}
		}
	}
}

type writer []byte

func (w *writer) Write(p []byte) (int, error) {
	*w = append(*w, p...)
	return len(p), nil
}
