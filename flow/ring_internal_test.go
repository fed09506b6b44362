package flow

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
)

// TestRingKeepsTheNewest holds rings to a list that forgets from its front: small
// ones, and a large one whose records come from several cores.
func TestRingKeepsTheNewest(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // a test repeats
	for _, c := range []struct {
		records, limit, longest int
		busy                    bool
	}{
		{records: 50, limit: 200, longest: 90},
		{records: 50, limit: 5000, longest: 90},
		{records: 50, limit: 1 << 20, longest: 90},
		{records: 500, limit: 4 << 20, longest: 3000},
		{records: 500, limit: 4 << 20, longest: 3000, busy: true},
		{records: 5000, limit: 2 << 20, longest: 30_000, busy: true},
	} {
		r := newRing(c.records, c.limit)
		r.busy.Store(c.busy && len(r.stages) > 0)
		var all [][]byte
		for i := range 3000 {
			record := bytes.Repeat([]byte{byte(i)}, 1+random.IntN(c.longest))
			if !r.append(&draft{record: record, at: int64(i), near: random.Uint32()}) {
				t.Fatalf("limit %d: a record of %d bytes was refused", c.limit, len(record))
			}
			all = append(all, record)
			if _, _, memory := r.use(); memory > c.limit {
				t.Fatalf("a ring of %d bytes takes %d", c.limit, memory)
			}
			if random.IntN(20) == 0 {
				checkRing(t, r, c.longest, all)
			}
		}
	}
}

func checkRing(t *testing.T, r *ring, longest int, all [][]byte) {
	t.Helper()
	first, end := r.bounds()
	if int(end) != len(all) {
		t.Fatalf("%d records are in it of %d", end, len(all))
	}
	size := 0
	for n := uint64(0); n < end; {
		records, next, missed := r.read(n)
		if want := max(first, n) - n; missed != want || next != n+missed+uint64(len(records)) {
			t.Fatalf("%d records missed and %d read from %d to %d", missed, len(records), n, next)
		}
		for i, record := range records {
			size += len(record)
			if want := all[int(n+missed)+i]; !bytes.Equal(record, want) {
				t.Fatalf("record %d is %v, want %v", int(n+missed)+i, record, want)
			}
		}
		n = next
	}
	// Of what there is room for a good part is used. What is lost is room for less
	// than a record, and in chunks what is behind their last record.
	least := r.limit - 2*longest
	if len(r.stages) > 0 {
		least = r.limit / 2
	}
	if records, bytes, memory := r.use(); bytes != size || first > 0 && records < r.most && size < least {
		t.Errorf("%d records of %d bytes are kept in %d", records, size, memory)
	}
}

// TestRingOfManyCores reads a ring while others write to it: each sees its own
// records in their order, none twice, and none is lost unsaid.
func TestRingOfManyCores(t *testing.T) {
	t.Parallel()
	const writers, each = 4, 5000
	r := newRing(1000, 1<<20)
	r.busy.Store(len(r.stages) > 0)
	var all sync.WaitGroup
	for w := range uint32(writers) {
		all.Go(func() {
			for i := range uint32(each) {
				record := binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, w), i)
				r.append(&draft{record: append(record, make([]byte, i%700)...), at: int64(i), near: w})
			}
		})
	}
	var last [writers]int64
	seen, lost := 0, 0
	for n := uint64(0); seen+lost < writers*each; {
		if err := r.wait(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		records, next, missed := r.read(n)
		n = next
		seen, lost = seen+len(records), lost+int(missed)
		for _, record := range records {
			w, i := binary.LittleEndian.Uint32(record), int64(binary.LittleEndian.Uint32(record[4:]))
			if i+1 <= last[w] || len(record) != 8+int(i)%700 {
				t.Fatalf("record %d of writer %d came after %d", i, w, last[w]-1)
			}
			last[w] = i + 1
		}
	}
	all.Wait()
}

// TestStagedRecordStays has a core stage a record while another one, whose record is
// too long for the chunk that both fill, is about to get another chunk.
func TestStagedRecordStays(t *testing.T) {
	t.Parallel()
	r := newRing(64, 1<<20)
	r.busy.Store(true)
	s := &r.stages[0]
	add := func(near uint32, size int, text byte) {
		r.append(&draft{record: bytes.Repeat([]byte{text}, size), near: near})
	}
	for range 4 {
		add(0, 8000, 'a')
	}
	for range 200 {
		add(1, 10, 'b') // the ring forgets all that is in the chunk
	}
	r.bounds()
	long := &draft{record: bytes.Repeat([]byte{'l'}, 8000)}
	short := &draft{record: bytes.Repeat([]byte{'s'}, 500)}
	if s.take(long, r.each) {
		t.Fatal("the chunk has room")
	}
	r.lock()
	if !s.take(short, r.each) {
		t.Fatal("the chunk has no room")
	}
	r.supply(s, long.record)
	r.unlock()
	r.append(long)
	_, next := r.bounds()
	add(0, 8000, 'c')
	if got := r.record(next - 2); !bytes.Equal(got, short.record) {
		t.Errorf("the record is %.20q", got)
	}
}

// TestRingIsBusyWhereCoresMeet does not stage what one goroutine writes.
func TestRingIsBusyWhereCoresMeet(t *testing.T) {
	t.Parallel()
	r := newRing(1000, 1<<20)
	for range 100 {
		r.append(&draft{record: []byte{1}})
	}
	if r.busy.Load() {
		t.Fatal("a ring of one writer is busy")
	}
	for met := range int32(oftenMet) {
		r.mu.Lock()
		var writer sync.WaitGroup
		writer.Go(func() { r.append(&draft{record: []byte{1}}) })
		for r.met.Load() == met {
			runtime.Gosched()
		}
		r.mu.Unlock()
		writer.Wait()
	}
	if !r.busy.Load() {
		t.Error("a ring where cores met is not busy")
	}
}

func TestRingRefusesWhatIsTooLarge(t *testing.T) {
	t.Parallel()
	r := newRing(10, 100)
	if r.append(&draft{record: make([]byte, 51)}) {
		t.Error("a record of half the ring was taken")
	}
	if newRing(0, 100).append(&draft{record: []byte{1}}) {
		t.Error("a ring of no records took one")
	}
}

func TestRingWakesWhoWaits(t *testing.T) {
	t.Parallel()
	for _, busy := range []bool{false, true} {
		r := newRing(1000, 1<<20)
		r.busy.Store(busy)
		for n, ahead := range []uint64{0, 3, 300} {
			done := make(chan error)
			_, next := r.bounds()
			go func() { done <- r.wait(t.Context(), next+ahead) }()
			for i := range ahead + 1 {
				select {
				case err := <-done:
					t.Fatalf("case %d: woken by record %d of %d: %v", n, i, ahead, err)
				default:
				}
				r.append(&draft{record: []byte{1}, near: uint32(i)})
			}
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		_, next := r.bounds()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := r.wait(ctx, next); !errors.Is(err, context.Canceled) {
			t.Errorf("waiting ended with %v", err)
		}
	}
}
