package wal_test

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"slices"
	"syscall"
	"testing"

	"sync/atomic"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/storetest"
	"github.com/flowscope/flowscope/internal/store/vfs"
	"github.com/flowscope/flowscope/internal/store/wal"
)

func record(tb testing.TB, b *model.Batch) []byte {
	tb.Helper()
	var e wal.Encoder
	p, err := e.AppendRecord(nil, b)
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func ok(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

func read(t *testing.T, fs vfs.FS, seq uint64) (batches []*model.Batch, res wal.Result) {
	t.Helper()
	res, err := wal.Read(fs, "d", seq, func(b *model.Batch) error {
		batches = append(batches, b)
		return nil
	})
	ok(t, err)
	return batches, res
}

func same(t *testing.T, got, want *model.Batch) {
	t.Helper()
	g, w := storetest.DescribeAll(storetest.SpansOf(got)), storetest.DescribeAll(storetest.SpansOf(want))
	if !slices.Equal(g, w) {
		t.Fatalf("read back\n%s\nwant\n%s", g, w)
	}
}

func newDir(t *testing.T) *vfs.Mem {
	t.Helper()
	fs := vfs.NewMem()
	ok(t, fs.MkdirAll("d"))
	ok(t, fs.SyncDir("."))
	return fs
}

func TestBatchRoundTrip(t *testing.T) {
	for _, b := range []*model.Batch{storetest.NewGen(1).Batch(7, 12), {}, {Resources: make([]model.Resource, 1)}} {
		b.Seal()
		got, err := wal.DecodeBatch(wal.AppendBatch(nil, b))
		ok(t, err)
		same(t, got, b)
		if len(got.Resources) != len(b.Resources) {
			t.Errorf("%d resources, want %d", len(got.Resources), len(b.Resources))
		}
	}
}

func TestSegmentSurvivesACrash(t *testing.T) {
	fs, gen := newDir(t), storetest.NewGen(2)
	w, err := wal.Create(fs, "d", 5)
	ok(t, err)
	want := []*model.Batch{gen.Batch(3, 4), gen.Batch(1, 11), gen.Batch(2, 2)}
	ok(t, w.Append(append(record(t, want[0]), record(t, want[1])...)))
	ok(t, w.Append(record(t, want[2])))
	got, res := read(t, fs.Crash(nil), 5)
	if len(got) != 3 || res.Bad != nil || res.Good != res.Size || res.Size != w.Size() {
		t.Fatalf("read %d batches, %+v", len(got), res)
	}
	for i := range want {
		same(t, got[i], want[i])
	}
}

// A segment that ends anywhere gives back every whole record and calls the rest
// torn.
func TestTornAtEveryLength(t *testing.T) {
	gen := storetest.NewGen(3)
	first, second := record(t, gen.Batch(1, 2)), record(t, gen.Batch(1, 2))
	fs := newDir(t)
	w, err := wal.Create(fs, "d", 1)
	ok(t, err)
	header := w.Size()
	ok(t, w.Append(append(slices.Clone(first), second...)))
	whole, err := vfs.ReadFile(fs, "d/"+wal.Name(1), 1<<20)
	ok(t, err)
	for n := range whole {
		ok(t, fs.Remove("d/"+wal.Name(1)))
		ok(t, vfs.WriteFile(fs, "d/"+wal.Name(1), whole[:n]))
		got, res := read(t, fs, 1)
		want := 0
		ends := []int64{header, header + int64(len(first))}
		if int64(n) >= ends[1] {
			want = 1
		}
		clean := int64(n) == ends[0] || int64(n) == ends[1]
		if len(got) != want || clean != (res.Bad == nil) || (!clean && !res.Torn) {
			t.Fatalf("cut at %d: %d batches, %+v; want %d, clean %v", n, len(got), res, want, clean)
		}
	}
}

// A flipped bit anywhere loses no record before it and is never taken for data.
func TestFlippedByteAnywhere(t *testing.T) {
	gen := storetest.NewGen(4)
	records := [][]byte{record(t, gen.Batch(1, 2)), record(t, gen.Batch(1, 1)), record(t, gen.Batch(1, 2))}
	fs := newDir(t)
	w, err := wal.Create(fs, "d", 1)
	ok(t, err)
	start := w.Size()
	ok(t, w.Append(slices.Concat(records...)))
	whole, err := vfs.ReadFile(fs, "d/"+wal.Name(1), 1<<20)
	ok(t, err)
	for at := range whole {
		p := slices.Clone(whole)
		p[at] ^= 0x10
		ok(t, fs.Remove("d/"+wal.Name(1)))
		ok(t, vfs.WriteFile(fs, "d/"+wal.Name(1), p))
		got, res := read(t, fs, 1)
		want, end := 0, start
		for _, r := range records {
			if end += int64(len(r)); int64(at) >= end {
				want++
			}
		}
		if len(got) != want || res.Bad == nil {
			t.Fatalf("flip at %d: %d batches, %+v; want %d and an error", at, len(got), res, want)
		}
	}
}

func TestDamageInTheMiddleIsNotTorn(t *testing.T) {
	gen := storetest.NewGen(5)
	first, second := record(t, gen.Batch(1, 3)), record(t, gen.Batch(1, 3))
	first[len(first)/2] ^= 1
	fs := newDir(t)
	w, err := wal.Create(fs, "d", 1)
	ok(t, err)
	ok(t, w.Append(append(first, second...)))
	if _, res := read(t, fs, 1); res.Bad == nil || res.Torn {
		t.Errorf("a bad record before a good one: %+v, want damage that is not torn", res)
	}
}

func TestFullDiskIsTakenBack(t *testing.T) {
	mem := newDir(t)
	fs := &vfs.Fault{FS: mem, Space: new(atomic.Int64)}
	fs.Space.Store(1 << 20)
	gen := storetest.NewGen(6)
	w, err := wal.Create(fs, "d", 1)
	ok(t, err)
	ok(t, w.Append(record(t, gen.Batch(1, 2))))
	fs.Space.Store(40)
	if err := w.Append(record(t, gen.Batch(1, 2))); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("append to a full disk = %v, want ENOSPC", err)
	}
	fs.Space.Store(1 << 20)
	ok(t, w.Append(record(t, gen.Batch(1, 2))))
	if got, res := read(t, mem.Crash(nil), 1); len(got) != 2 || res.Bad != nil {
		t.Errorf("%d batches, %+v; want the two that were acknowledged", len(got), res)
	}
}

func TestFailedSyncBreaksTheSegment(t *testing.T) {
	boom := errors.New("EIO")
	var failing atomic.Bool
	fs := &vfs.Fault{FS: newDir(t), Hook: func(op vfs.Op, _ string) error {
		if op == vfs.OpSync && failing.Load() {
			return boom
		}
		return nil
	}}
	w, err := wal.Create(fs, "d", 1)
	ok(t, err)
	failing.Store(true)
	rec := record(t, storetest.NewGen(7).Batch(1, 1))
	if err := w.Append(rec); !errors.Is(err, wal.ErrBroken) || !errors.Is(err, boom) {
		t.Errorf("append with a failing sync = %v", err)
	}
	failing.Store(false)
	if err := w.Append(rec); !errors.Is(err, wal.ErrBroken) {
		t.Errorf("append after a failed sync = %v, want ErrBroken", err)
	}
}

func TestNames(t *testing.T) {
	if seq, ok := wal.ParseName(wal.Name(0xabc)); !ok || seq != 0xabc {
		t.Errorf("ParseName(Name(0xabc)) = %x, %v", seq, ok)
	}
	for _, bad := range []string{"", "x.wal", "0000000000000001.wal.corrupt", "000000000000000g.wal"} {
		if _, ok := wal.ParseName(bad); ok {
			t.Errorf("ParseName(%q) took it for a segment", bad)
		}
	}
}

func FuzzDecodeBatch(f *testing.F) {
	f.Add(wal.AppendBatch(nil, storetest.NewGen(8).Batch(1, 4)))
	f.Add(wal.AppendBatch(nil, &model.Batch{}))
	f.Fuzz(func(t *testing.T, p []byte) {
		b, err := wal.DecodeBatch(p)
		if err != nil {
			return
		}
		storetest.DescribeAll(storetest.SpansOf(b)) // must not panic
		if again := wal.AppendBatch(nil, b); !slices.Equal(again, p) {
			t.Error("a decoded batch encodes to other bytes")
		}
	})
}

// FuzzRead gives a record that passes its checksum, so that what is behind it
// is tried too.
func FuzzRead(f *testing.F) {
	f.Add(record(f, storetest.NewGen(9).Batch(1, 4))[8:])
	f.Fuzz(func(t *testing.T, body []byte) {
		fs := newDir(t)
		w, err := wal.Create(fs, "d", 1)
		ok(t, err)
		rec := binary.LittleEndian.AppendUint32(nil, uint32(len(body)))
		table := crc32.MakeTable(crc32.Castagnoli)
		rec = binary.LittleEndian.AppendUint32(rec, crc32.Update(crc32.Update(0, table, rec), table, body))
		ok(t, w.Append(append(rec, body...)))
		read(t, fs, 1)
	})
}

func BenchmarkRecord(b *testing.B) {
	batch := storetest.NewGen(10).Batch(100, 10)
	var e wal.Encoder
	var p []byte
	var err error
	for b.Loop() {
		if p, err = e.AppendRecord(p[:0], batch); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*batch.Len()), "ns/span")
	b.ReportMetric(float64(len(p))/float64(batch.Len()), "B/span")
	b.ReportMetric(float64(len(wal.AppendBatch(nil, batch)))/float64(batch.Len()), "rawB/span")
}
