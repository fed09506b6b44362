package store_test

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store"
	"github.com/flowscope/flowscope/internal/store/storetest"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

const findBlocks = 6

// findStore has findBlocks blocks of ten traces each, a minute apart.
func findStore(t *testing.T, cfg store.Config) (*store.Store, []model.TraceID) {
	t.Helper()
	s := start(t, cfg)
	gen := storetest.NewGen(21)
	var ids []model.TraceID
	for i := range findBlocks {
		begin := storetest.Epoch + int64(i)*int64(time.Minute)
		b := gen.At(begin).Batch(10, 5)
		ok(t, s.Append(t.Context(), b))
		for j := range 10 {
			id := b.TraceIDs[5*j]
			ids = append(ids, id)
			flow := storetest.Flow(id, b.Starts[5*j], (7*i+j)%10)
			flow.Revision = 0
			s.PutFlow(flow, nil)
		}
		ok(t, s.Flush(t.Context()))
	}
	return s, ids
}

func serverSpans(t *testing.T) *model.TraceFilter {
	t.Helper()
	c, err := model.NewCompare(model.FieldKind, "", model.OpEqual, "server")
	ok(t, err)
	f, err := model.CompileFilter(model.Some{Filter: c})
	ok(t, err)
	return f
}

// Pages that a limit cuts short say so, and together have every trace once.
func TestFindLimits(t *testing.T) {
	for _, limits := range []model.FindLimits{{Rows: 1}, {Bytes: 1}, {Rows: 150}} {
		cfg := config(vfs.NewMem())
		cfg.Find = limits
		s, ids := findStore(t, cfg)
		reason := model.PartialRows
		if limits.Bytes > 0 {
			reason = model.PartialBytes
		}
		for _, q := range []model.TraceQuery{
			{Limit: 100}, {Limit: 4}, {Limit: 10, ByDuration: true}, {Limit: 3, ByDuration: true}, {Limit: 100, ByDuration: true},
		} {
			q.Filter = serverSpans(t)
			partial, seen := 0, map[model.TraceID]int{}
			for {
				page, err := s.FindTraces(t.Context(), q)
				ok(t, err)
				if len(page.Partial) > 0 {
					partial++
					if !slices.Equal(page.Partial, []model.PartialReason{reason}) || page.Scanned.Rows == 0 || page.Scanned.Bytes == 0 || page.Scanned.Blocks == 0 {
						t.Errorf("%+v: partial %v, scanned %+v", q, page.Partial, page.Scanned)
					}
				}
				for _, found := range page.Traces {
					seen[found.TraceID]++
				}
				if q.After = page.Next; page.Next == nil {
					break
				}
			}
			for _, id := range ids {
				if seen[id] != 1 {
					t.Errorf("%+v, limits %+v: a trace was found %d times", q, limits, seen[id])
				}
			}
			if partial == 0 && q.Limit == 100 {
				t.Errorf("%+v, limits %+v: no page was partial", q, limits)
			}
		}
	}
}

// When nothing is decided at the limit there is no cursor that would only lead
// to the same place.
func TestFindLimitWithoutProgress(t *testing.T) {
	cfg := config(vfs.NewMem())
	cfg.Find = model.FindLimits{Rows: 1}
	s := start(t, cfg)
	gen := storetest.NewGen(22)
	// The older block has a flow that a wrong clock put after all others.
	for i, at := range []int64{storetest.Epoch + int64(time.Hour), storetest.Epoch} {
		b := gen.At(at).Batch(1, 5)
		ok(t, s.Append(t.Context(), b))
		s.PutFlow(storetest.Flow(b.TraceIDs[0], at, i), nil)
		ok(t, s.Flush(t.Context()))
	}
	page, err := s.FindTraces(t.Context(), model.TraceQuery{Limit: 5, Filter: serverSpans(t), To: storetest.Epoch + int64(time.Hour) + 1})
	ok(t, err)
	if len(page.Traces) != 1 || page.Next != nil || !slices.Equal(page.Partial, []model.PartialReason{model.PartialRows}) {
		t.Errorf("%d traces, next %+v, partial %v", len(page.Traces), page.Next, page.Partial)
	}
}

func TestFindTimeLimit(t *testing.T) {
	cfg := config(vfs.NewMem())
	cfg.Find = model.FindLimits{Time: time.Nanosecond}
	s, _ := findStore(t, cfg)
	page, err := s.FindTraces(t.Context(), model.TraceQuery{Limit: 5, Filter: serverSpans(t)})
	ok(t, err)
	if !slices.Equal(page.Partial, []model.PartialReason{model.PartialTime}) {
		t.Errorf("%d traces, partial %v", len(page.Traces), page.Partial)
	}
}

// A search whose caller has gone reads no further.
func TestFindStopsWithItsCaller(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var armed atomic.Bool
	var after atomic.Int64
	disk := &vfs.Fault{FS: vfs.NewMem(), Hook: func(op vfs.Op, name string) error {
		if op != vfs.OpOpen || !armed.Load() {
			return nil
		}
		if strings.HasSuffix(name, "spans.parquet") {
			cancel()
		}
		if ctx.Err() != nil {
			after.Add(1)
		}
		return nil
	}}
	s, _ := findStore(t, config(disk))
	armed.Store(true)
	_, err := s.FindTraces(ctx, model.TraceQuery{Limit: 1000, Filter: serverSpans(t)})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("a search whose caller has gone: %v", err)
	}
	// Each block under way may open its three files; none is begun after.
	if n := after.Load(); n > int64(3*runtime.GOMAXPROCS(0)) {
		t.Errorf("%d files were opened after the caller had gone", n)
	}
}

// Damage costs what the block held, and the answer says so.
func TestFindInDamagedBlock(t *testing.T) {
	for _, file := range []string{"spans.parquet", "flows.parquet"} {
		mem := vfs.NewMem()
		_, ids := findStore(t, config(mem))
		disk := mem.Crash(nil)
		blocks, err := disk.ReadDir("data/blocks")
		ok(t, err)
		flipByte(t, disk, filepath.Join("data/blocks", blocks[2], file))
		again := start(t, config(disk))
		for range 2 { // found damaged, and known to be damaged
			page, err := again.FindTraces(t.Context(), model.TraceQuery{Limit: 100, Filter: serverSpans(t)})
			ok(t, err)
			if len(page.Traces) != len(ids)-10 || !slices.Equal(page.Partial, []model.PartialReason{model.PartialDamage}) || page.Next != nil {
				t.Errorf("%s: %d traces, partial %v, next %v", file, len(page.Traces), page.Partial, page.Next)
			}
		}
		if st := again.Stats(); st.BlocksQuarantined != 1 {
			t.Errorf("%s: %d blocks quarantined", file, st.BlocksQuarantined)
		}
	}
}
