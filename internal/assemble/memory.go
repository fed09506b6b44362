package assemble

import (
	"hash/maphash"
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

// memory is the ids of traces that were counted. Those added since the last
// turn, and those of the turn before, are known for sure; of older ones it knows
// for nearly all others that they are not among them. A turn ends after a time,
// or when half of all ids that there may be were added in it.
type memory struct {
	young, old map[model.TraceID]struct{}
	limit      int
	turn       time.Duration // at least how long an id is kept, if there is room
	turned     time.Duration
	faded      []filter // oldest first
	seed       maphash.Seed
	// since is from when on, Unix ns, every counted trace is remembered in one
	// of these ways: one that began later and is in none was not counted.
	since int64
}

// maxFaded filters of half a million ids are some 32 MB.
const maxFaded = 32

func newMemory(limit int, turn time.Duration) memory {
	return memory{young: map[model.TraceID]struct{}{}, limit: limit, turn: turn, seed: maphash.MakeSeed()}
}

// add remembers a trace that was counted at now, a time since began.
func (m *memory) add(id model.TraceID, began time.Time, now time.Duration) {
	if now-m.turned >= m.turn || len(m.young) >= max(m.limit/2, 1) {
		m.fade(began.Add(m.turned).UnixNano())
		m.old, m.young, m.turned = m.young, map[model.TraceID]struct{}{}, now
	}
	m.young[id] = struct{}{}
}

// fade puts the old ids, all counted before until, into a filter.
func (m *memory) fade(until int64) {
	if len(m.old) == 0 {
		return
	}
	f := newFilter(len(m.old), until)
	for id := range m.old {
		f.add(maphash.Bytes(m.seed, id[:]))
	}
	if len(m.faded) >= maxFaded {
		m.since = max(m.since, m.faded[0].until)
		m.faded = append(m.faded[:0], m.faded[1:]...)
	}
	m.faded = append(m.faded, f)
}

// has reports whether a trace was counted for sure.
func (m *memory) has(id model.TraceID) bool {
	if _, ok := m.young[id]; ok {
		return true
	}
	_, ok := m.old[id]
	return ok
}

// mayHave reports whether a trace that is not known for sure, and began at a
// time, may have been counted all the same.
func (m *memory) mayHave(id model.TraceID, start int64) bool {
	if start < m.since {
		return true
	}
	if len(m.faded) == 0 {
		return false
	}
	hash := maphash.Bytes(m.seed, id[:])
	for _, f := range m.faded {
		if f.has(hash) {
			return true
		}
	}
	return false
}

func (m *memory) len() int { return len(m.young) + len(m.old) }

// filter is a Bloom filter, see B. H. Bloom, Space/time trade-offs in hash coding
// with allowable errors (1970). With sixteen bits and four probes an id it says
// a wrong yes in four hundred.
type filter struct {
	bits  []uint64
	until int64 // Unix ns: all of its traces were counted before
}

const filterProbes = 4

func newFilter(ids int, until int64) filter {
	const bitsPerID = 16
	return filter{bits: make([]uint64, max(ids*bitsPerID/64, 1)), until: until}
}

// place is where probe i of a hash looks: double hashing, as Kirsch and
// Mitzenmacher showed to be as good as independent hashes (2006).
func (f filter) place(hash uint64, i int) (word int, bit uint64) {
	at := (hash + uint64(i)*(hash>>32|1)) % uint64(64*len(f.bits))
	return int(at / 64), 1 << (at % 64)
}

func (f filter) add(hash uint64) {
	for i := range filterProbes {
		word, bit := f.place(hash, i)
		f.bits[word] |= bit
	}
}

func (f filter) has(hash uint64) bool {
	for i := range filterProbes {
		if word, bit := f.place(hash, i); f.bits[word]&bit == 0 {
			return false
		}
	}
	return true
}
