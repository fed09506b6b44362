package flow

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"testing"
)

// TestRingKeepsTheNewest holds a ring to a list that forgets from its front.
func TestRingKeepsTheNewest(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // a test repeats
	for _, limit := range []int{200, 5000, 1 << 20} {
		r := newRing(50, limit)
		var all [][]byte
		for i := range 3000 {
			record := bytes.Repeat([]byte{byte(i)}, 1+random.IntN(90))
			if !r.append(record) {
				t.Fatalf("limit %d: a record of %d bytes was refused", limit, len(record))
			}
			all = append(all, record)
			if random.IntN(20) > 0 {
				continue
			}
			checkRing(t, r, all)
		}
		if _, _, memory := r.use(); memory > limit {
			t.Errorf("a ring of %d bytes takes %d", limit, memory)
		}
	}
}

func checkRing(t *testing.T, r *ring, all [][]byte) {
	t.Helper()
	got, next, missed := r.read(0)
	if int(missed)+len(got) != len(all) || int(next) != len(all) {
		t.Fatalf("%d records missed and %d read of %d", missed, len(got), len(all))
	}
	size := 0
	for i, record := range got {
		size += len(record)
		if !bytes.Equal(record, all[int(missed)+i]) {
			t.Fatalf("record %d is %v, want %v", i, record, all[int(missed)+i])
		}
	}
	// Of what there is room for a good part is used: less than two records' room
	// is lost where the memory begins anew.
	if records, _, memory := r.use(); records < 50 && len(all) > 50 && size < memory-2*91 {
		t.Errorf("%d records of %d bytes are kept in %d", records, size, memory)
	}
}

func TestRingRefusesWhatIsTooLarge(t *testing.T) {
	t.Parallel()
	r := newRing(10, 100)
	if r.append(make([]byte, 51)) {
		t.Error("a record of half the ring was taken")
	}
	if newRing(0, 100).append([]byte{1}) {
		t.Error("a ring of no records took one")
	}
}

func TestRingWakesWhoWaits(t *testing.T) {
	t.Parallel()
	r := newRing(10, 100)
	done := make(chan error)
	go func() { done <- r.wait(t.Context(), 0) }()
	r.append([]byte{1})
	if err := <-done; err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.wait(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting ended with %v", err)
	}
}
