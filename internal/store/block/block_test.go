package block_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/block"
	"github.com/flowscope/flowscope/internal/store/storetest"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

func ok(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

var created = time.Date(2026, 11, 20, 12, 5, 0, 0, time.UTC)

func content(seed uint64, traces, spans int) *block.Content {
	gen := storetest.NewGen(seed)
	c := &block.Content{WALSeq: 7, Created: created}
	for range 3 {
		c.Batches = append(c.Batches, gen.Batch(traces, spans))
	}
	for i := range 3 * traces {
		f := storetest.Flow(gen.TraceID(), storetest.Epoch+int64(i)*int64(time.Second), i)
		c.Flows = append(c.Flows, f.FlowSummary)
		r := &model.Rollup{RollupKey: model.KeyOf(f.FlowSummary), Graph: model.NewGraph()}
		r.AddFlow(f, 1)
		c.Rollups = append(c.Rollups, r)
	}
	c.Open = []model.TraceID{gen.TraceID()}
	return c
}

func write(tb testing.TB, fs vfs.FS, c *block.Content) *block.Block {
	tb.Helper()
	ok(tb, fs.MkdirAll("blocks"))
	id, err := block.Write(fs, "blocks", c)
	ok(tb, err)
	b, err := block.Open(fs, "blocks", id)
	ok(tb, err)
	tb.Cleanup(func() { ok(tb, b.Close()) })
	return b
}

func spansOf(batches ...*model.Batch) (out []model.Span) {
	for _, b := range batches {
		out = append(out, storetest.SpansOf(b)...)
	}
	return out
}

func TestSpansRoundTrip(t *testing.T) {
	c := content(1, 20, 13)
	b := write(t, vfs.NewMem(), c)
	ok(t, errors.Join(b.VerifyFiles()...))
	got, err := b.Spans(context.Background())
	ok(t, err)
	if g, w := storetest.DescribeAll(spansOf(got...)), storetest.DescribeAll(spansOf(c.Batches...)); !slices.Equal(g, w) {
		for i := range w {
			if i >= len(g) || g[i] != w[i] {
				t.Fatalf("%d spans, want %d; span %d\n%s\nwant\n%s", len(g), len(w), i, g[min(i, len(g)-1)], w[i])
			}
		}
	}
	byTrace := map[model.TraceID][]model.Span{}
	for _, s := range spansOf(c.Batches...) {
		byTrace[s.TraceID()] = append(byTrace[s.TraceID()], s)
	}
	for id, want := range byTrace {
		got, err := b.Trace(context.Background(), id)
		ok(t, err)
		if got == nil || !slices.Equal(storetest.DescribeAll(spansOf(got)), storetest.DescribeAll(want)) {
			t.Fatalf("trace %s is not what was written", id)
		}
	}
	if got, err := b.Trace(context.Background(), model.TraceID{1}); got != nil || err != nil {
		t.Errorf("a trace that is not there = %v, %v", got, err)
	}
}

// Few and many traces at once, which are looked for in different ways.
func TestTraces(t *testing.T) {
	gen := storetest.NewGen(13)
	all := gen.Batch(manyTraces, 5)
	b := write(t, vfs.NewMem(), &block.Content{WALSeq: 1, Created: created, Batches: []*model.Batch{all}})
	for _, every := range []int{manyTraces - 1, 17, 1} {
		var ids []model.TraceID
		want := map[model.TraceID]bool{}
		for i := 0; i < manyTraces; i += every {
			ids = append(ids, all.TraceIDs[5*i], gen.TraceID())
			want[all.TraceIDs[5*i]] = true
		}
		var spans []model.Span
		for _, s := range spansOf(all) {
			if want[s.TraceID()] {
				spans = append(spans, s)
			}
		}
		got, err := b.Traces(context.Background(), ids)
		ok(t, err)
		if !slices.Equal(storetest.DescribeAll(spansOf(got)), storetest.DescribeAll(spans)) {
			t.Errorf("%d traces: %d spans, want %d, or others", len(ids)/2, got.Len(), len(spans))
		}
	}
}

// Many pages and more than one row group.
func TestLargeBlock(t *testing.T) {
	gen := storetest.NewGen(2)
	var batches []*model.Batch
	for range largeBatches {
		batches = append(batches, gen.Batch(3000, 10))
	}
	b := write(t, vfs.NewMem(), &block.Content{WALSeq: 1, Created: created, Batches: batches})
	random := rand.New(rand.NewPCG(1, 1))
	for range 100 {
		batch := batches[random.IntN(len(batches))]
		id := batch.TraceIDs[random.IntN(batch.Len())]
		got, err := b.Trace(context.Background(), id)
		ok(t, err)
		if got == nil || got.Len() != 10 {
			t.Fatalf("trace %s: %v", id, got)
		}
	}
}

func openTraces(t *testing.T, b *block.Block) []model.TraceID {
	t.Helper()
	ids, err := b.OpenTraces()
	ok(t, err)
	return ids
}

// What a newer block supersedes may go, and the block is as good as before.
func TestForgetOpen(t *testing.T) {
	b := write(t, vfs.NewMem(), content(3, 4, 12))
	if len(openTraces(t, b)) == 0 {
		t.Fatal("no open traces")
	}
	for range 2 {
		ok(t, b.ForgetOpen())
		if got := openTraces(t, b); len(got) != 0 {
			t.Errorf("still open: %v", got)
		}
		ok(t, errors.Join(b.VerifyFiles()...))
	}
}

func TestMeta(t *testing.T) {
	c := content(3, 4, 12)
	b := write(t, vfs.NewMem(), c)
	m := b.Meta
	if m.Spans != 3*4*12 || m.WALSeq != 7 || m.Flows != 12 || !slices.Equal(openTraces(t, b), c.Open) || m.Bytes == 0 {
		t.Errorf("meta = %+v", m)
	}
	if m.MinStart != storetest.Epoch || m.FlowMaxStart != c.Flows[11].Start || len(m.Resources) != 5 {
		t.Errorf("meta = %+v", m)
	}
	at, seq, valid := block.ParseID(m.ID)
	if !at.Equal(created) || seq != 7 || !valid {
		t.Errorf("ParseID(%q) = %v, %d, %v", m.ID, at, seq, valid)
	}
}

func TestFlowsRoundTrip(t *testing.T) {
	c := content(4, 700, 1)
	b := write(t, vfs.NewMem(), c)
	got, err := b.Flows(context.Background())
	ok(t, err)
	if len(got) != len(c.Flows) {
		t.Fatalf("%d flows, want %d", len(got), len(c.Flows))
	}
	for i := range got {
		if g, w := fmt.Sprintf("%+v", *got[i]), fmt.Sprintf("%+v", *c.Flows[i]); g != w {
			t.Fatalf("flow %d\n%s\nwant\n%s", i, g, w)
		}
	}
	one, found, err := b.Flow(context.Background(), c.Flows[1500].TraceID)
	if err != nil || !found || one.TraceID != c.Flows[1500].TraceID || one.Start != c.Flows[1500].Start {
		t.Errorf("Flow = %+v, %v, %v", one, found, err)
	}
	if _, found, err := b.Flow(context.Background(), model.TraceID{9}); found || err != nil {
		t.Errorf("a flow that is not there: %v, %v", found, err)
	}
	rows, err := b.FlowRows(context.Background(), []int64{1999, 3, 1024})
	ok(t, err)
	for i, want := range []int{1999, 3, 1024} {
		if rows[i].TraceID != c.Flows[want].TraceID {
			t.Errorf("FlowRows[%d] is not row %d", i, want)
		}
	}
}

// FindFlows must select what MatchFlow selects, for every filter.
func TestFindFlows(t *testing.T) {
	c := content(5, 200, 1)
	b := write(t, vfs.NewMem(), c)
	failed := model.FlowError
	at := func(s int) int64 { return storetest.Epoch + int64(s)*int64(time.Second) }
	for _, q := range []model.FlowQuery{
		{}, {From: at(100)}, {To: at(100)}, {From: at(700)}, {From: at(10), To: at(20)},
		{Operation: "checkout"}, {Operation: "nothing"}, {Environment: "prod"}, {Status: &failed},
		{MinDuration: 50 * time.Millisecond}, {MaxDuration: 50 * time.Millisecond}, {Service: "cart"},
		{Service: "cart", Namespace: "shop"}, {Service: "cart", Namespace: "other"}, {Namespace: "other"},
		{Operation: "login", Status: &failed, Service: "payment", From: at(5)},
	} {
		var want []model.TraceID
		for _, f := range c.Flows {
			if block.MatchFlow(f, &q) {
				want = append(want, f.TraceID)
			}
		}
		hits, err := b.FindFlows(context.Background(), &q)
		ok(t, err)
		var got []model.TraceID
		for _, h := range hits {
			got = append(got, h.TraceID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%+v: %d flows, want %d", q, len(got), len(want))
		}
	}
	hits, err := b.RevisedFlows(context.Background())
	if err != nil || len(hits) == 0 || int64(len(hits)) != b.Meta.Revised {
		t.Errorf("RevisedFlows = %d, %v; meta says %d", len(hits), err, b.Meta.Revised)
	}
}

// Whatever byte of whatever file flips, reading ends with a *CorruptError or
// with the truth.
func TestFlippedByte(t *testing.T) {
	fs := vfs.NewMem()
	c := content(7, 3, 12)
	for _, r := range slices.Clone(c.Rollups) { // enough minutes for a second tier
		for i := range int64(4) {
			later := *r
			later.Bucket += i * int64(time.Minute)
			c.Rollups = append(c.Rollups, &later)
		}
	}
	id := write(t, fs, c).Meta.ID
	want := storetest.DescribeAll(spansOf(c.Batches...))
	random := rand.New(rand.NewPCG(7, 7))
	for _, name := range []string{"spans.parquet", "resources.parquet", "flows.parquet", "rollups.parquet", "rollups_coarse.parquet", "meta.json", "sums"} {
		path := filepath.Join("blocks", id, name)
		whole, err := vfs.ReadFile(fs, path, 1<<30)
		ok(t, err)
		for range 40 {
			p := slices.Clone(whole)
			p[random.IntN(len(p))] ^= byte(1 + random.IntN(255))
			replace(t, fs, path, p)
			err := readAll(fs, id, want)
			var corrupt *block.CorruptError
			if !errors.As(err, &corrupt) || !errors.Is(err, block.ErrCorrupt) || corrupt.File != name || corrupt.Block != id {
				t.Fatalf("%s with a flipped byte: %v", name, err)
			}
		}
		replace(t, fs, path, whole[:len(whole)-1])
		if err := readAll(fs, id, want); !errors.Is(err, block.ErrCorrupt) {
			t.Errorf("%s cut short: %v", name, err)
		}
		ok(t, fs.Remove(path))
		if err := readAll(fs, id, want); !errors.Is(err, block.ErrCorrupt) {
			t.Errorf("%s missing: %v", name, err)
		}
		ok(t, vfs.WriteFile(fs, path, whole))
	}
	ok(t, readAll(fs, id, want))
}

func replace(t *testing.T, fs vfs.FS, path string, p []byte) {
	t.Helper()
	ok(t, fs.Remove(path))
	ok(t, vfs.WriteFile(fs, path, p))
}

func readAll(fs vfs.FS, id string, want []string) error {
	b, err := block.Open(fs, "blocks", id)
	if err != nil {
		return err
	}
	defer b.Close()
	ctx := context.Background()
	spans, err := b.Spans(ctx)
	if err != nil {
		return err
	}
	if !slices.Equal(storetest.DescribeAll(spansOf(spans...)), want) {
		return errors.New("other spans than were written")
	}
	if _, err := b.Flows(ctx); err != nil {
		return err
	}
	if err := b.AddRollups(ctx, block.NewRollupSums(model.RollupQuery{})); err != nil {
		return err
	}
	if err := b.MergeRollups(ctx, map[model.RollupKey]*model.Rollup{}); err != nil {
		return err
	}
	return errors.Join(b.VerifyFiles()...)
}

// A block is there as a whole or not at all, whichever operation fails.
func TestWriteFailsAnywhere(t *testing.T) {
	c := content(8, 2, 3)
	boom := errors.New("boom")
	for k := 1; ; k += failureStep {
		mem, n := vfs.NewMem(), 0
		ok(t, mem.MkdirAll("blocks"))
		ok(t, mem.SyncDir("."))
		fs := &vfs.Fault{FS: mem, Hook: func(op vfs.Op, _ string) error {
			if op.Changes() {
				n++
			}
			if n == k {
				return boom
			}
			return nil
		}}
		_, err := block.Write(fs, "blocks", c)
		if n < k {
			ok(t, err)
			if k < 15 {
				t.Fatalf("only %d operations", k)
			}
			return
		}
		if !errors.Is(err, boom) {
			t.Fatalf("operation %d failed: %v", k, err)
		}
		for _, left := range []*vfs.Mem{mem.Crash(nil), mem.Crash(rand.New(rand.NewPCG(uint64(k), 0)))} {
			names, err := left.ReadDir("blocks")
			ok(t, err)
			for _, name := range names {
				if !block.IsTemp(name) {
					ok(t, readAll(left, name, storetest.DescribeAll(spansOf(c.Batches...))))
				}
			}
		}
		// The disk is well again.
		id, err := block.Write(mem, "blocks", c)
		ok(t, err)
		ok(t, readAll(mem, id, storetest.DescribeAll(spansOf(c.Batches...))))
	}
}

func TestRemove(t *testing.T) {
	fs := vfs.NewMem()
	b := write(t, fs, content(9, 1, 1))
	ok(t, block.Remove(fs, "blocks", b.Meta.ID))
	if names, err := fs.ReadDir("blocks"); err != nil || len(names) != 0 {
		t.Errorf("left after Remove: %v, %v", names, err)
	}
}

// Senders choose how many resources there are: what is read of a block has those
// that its spans point at.
func TestManyResources(t *testing.T) {
	const batches = 300
	gen := storetest.NewGen(21)
	c := &block.Content{WALSeq: 1, Created: created}
	for range batches {
		c.Batches = append(c.Batches, gen.Batch(5, 4))
	}
	for i, b := range c.Batches { // no two batches have a resource in common
		side := b.NewAttr("service.instance.id", model.Value{Type: model.TypeString, Str: fmt.Sprint("instance ", i)})
		for r := range b.Resources {
			own := b.Side(b.Resources[r].Attrs)
			from := len(b.SideAttrs)
			b.SideAttrs = append(append(b.SideAttrs, own...), side)
			b.Resources[r].Attrs = model.Range{Off: uint32(from), Len: uint32(len(own) + 1)}
		}
		b.Seal()
	}
	blk := write(t, vfs.NewMem(), c)
	want, got := spansOf(c.Batches...), 0
	read, err := blk.Spans(t.Context())
	ok(t, err)
	for _, b := range read {
		got += b.Len()
		if len(b.Resources) > b.Len() {
			t.Errorf("%d resources for %d spans", len(b.Resources), b.Len())
		}
	}
	if got != len(want) {
		t.Errorf("%d spans, want %d", got, len(want))
	}
	for _, b := range c.Batches {
		trace, err := blk.Trace(t.Context(), b.TraceIDs[0])
		ok(t, err)
		if len(trace.Resources) > trace.Len() || trace.Span(0).Resource().Instance == "" {
			t.Fatalf("a trace of %d spans with %d resources, instance %q", trace.Len(), len(trace.Resources), trace.Span(0).Resource().Instance)
		}
	}
}

// What docs/format/blocks.md promises other readers: any Parquet reader finds
// the columns by name, with no help from this package.
func TestGenericParquetReader(t *testing.T) {
	fs := vfs.NewMem()
	c := content(10, 2, 12)
	b := write(t, fs, c)
	path := filepath.Join("blocks", b.Meta.ID, "spans.parquet")
	raw, err := vfs.ReadFile(fs, path, 1<<30)
	ok(t, err)
	file, err := fs.Open(path)
	ok(t, err)
	defer file.Close()
	pf, err := parquet.OpenFile(file, int64(len(raw)))
	ok(t, err)
	rows, err := parquet.Read[any](file, int64(len(raw)))
	ok(t, err)
	if len(rows) != 72 {
		t.Fatalf("%d rows, want 72", len(rows))
	}
	first, isRow := rows[0].(map[string]any)
	if !isRow {
		t.Fatalf("a row is a %T", rows[0])
	}
	for _, column := range []string{"trace_id", "name", "resource", "attr.http.request.method", "attr.flow.operation", "attr_shape", "duration_nano"} {
		if first[column] == nil {
			t.Errorf("column %s is missing from %v", column, first)
		}
	}
	if first["attr.http.request.method"] != "GET" {
		t.Errorf("attr.http.request.method = %v", first["attr.http.request.method"])
	}
	t.Log(pf.Schema())
}

func BenchmarkWrite(b *testing.B) {
	gen := storetest.NewGen(11)
	c := &block.Content{WALSeq: 1, Created: created}
	for range 100 {
		c.Batches = append(c.Batches, gen.Batch(100, 10))
	}
	var bytes int64
	for b.Loop() {
		fs := vfs.NewMem()
		ok(b, fs.MkdirAll("blocks"))
		id, err := block.Write(fs, "blocks", c)
		ok(b, err)
		blk, err := block.Open(fs, "blocks", id)
		ok(b, err)
		bytes = blk.Meta.Bytes
	}
	const spans = 100 * 100 * 10
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/spans, "ns/span")
	b.ReportMetric(float64(bytes)/spans, "B/span")
}

func BenchmarkTrace(b *testing.B) {
	gen := storetest.NewGen(12)
	c := &block.Content{WALSeq: 1, Created: created, Batches: []*model.Batch{gen.Batch(10000, 10)}}
	blk := write(b, vfs.NewMem(), c)
	i := 0
	for b.Loop() {
		i = (i + 7919) % c.Batches[0].Len()
		if got, err := blk.Trace(context.Background(), c.Batches[0].TraceIDs[i]); err != nil || got.Len() != 10 {
			b.Fatal(got, err)
		}
	}
}

// BenchmarkColdTrace is the first lookup in a block that was just opened.
func BenchmarkColdTrace(b *testing.B) {
	gen, fs := storetest.NewGen(13), vfs.NewMem()
	c := &block.Content{WALSeq: 1, Created: created, Batches: []*model.Batch{gen.Batch(10000, 10)}}
	written := write(b, fs, c)
	i := 0
	for b.Loop() {
		blk, err := block.Open(fs, "blocks", written.Meta.ID)
		ok(b, err)
		i = (i + 7919) % c.Batches[0].Len()
		if got, err := blk.Trace(context.Background(), c.Batches[0].TraceIDs[i]); err != nil || got.Len() != 10 {
			b.Fatal(got, err)
		}
		ok(b, blk.Close())
	}
}
