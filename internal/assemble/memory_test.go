package assemble

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

func numberedID(n uint64) (id model.TraceID) {
	binary.BigEndian.PutUint64(id[8:], n)
	return id
}

// What was counted is never taken for new, however long ago, and hardly
// anything else is taken for counted.
func TestMemoryFades(t *testing.T) {
	const limit = 1000
	began := time.Unix(1_800_000_000, 0)
	m := newMemory(limit, time.Hour)
	at := func(n uint64) time.Duration { return time.Duration(n) * time.Millisecond }
	start := func(n uint64) int64 { return began.Add(at(n)).UnixNano() }
	const counted = (maxFaded + 10) * limit / 2
	for n := range uint64(counted) {
		m.add(numberedID(n), began, at(n))
	}
	sure := 0
	for n := range uint64(counted) {
		id := numberedID(n)
		switch {
		case m.has(id):
			sure++
		case !m.mayHave(id, start(n)):
			t.Fatalf("trace %d of %d is taken for new", n, counted)
		}
	}
	if sure < limit/2 || sure > limit {
		t.Errorf("%d are known for sure, want half to all of %d", sure, limit)
	}
	wrong := 0
	for n := uint64(counted); n < 2*counted; n++ {
		if id := numberedID(n); m.has(id) || m.mayHave(id, start(n)) {
			wrong++
		}
	}
	// One in four hundred for each of 32 filters is one in twelve.
	if wrong > counted/8 {
		t.Errorf("%d of %d new traces are taken for counted", wrong, counted)
	}
	if len(m.faded) != maxFaded {
		t.Errorf("%d filters, want %d", len(m.faded), maxFaded)
	}
}

func TestMemoryOfBefore(t *testing.T) {
	m := newMemory(10, time.Hour)
	m.since = 1000
	if id := numberedID(1); !m.mayHave(id, 999) || m.mayHave(id, 1000) {
		t.Error("a trace may have been counted if it began before everything is remembered, and not otherwise")
	}
}
