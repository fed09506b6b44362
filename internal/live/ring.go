package live

import "sort"

// ring is the newest events, numbered from 1, and the groups that they are of.
type ring struct {
	events    []Event
	previous  []uint64 // of the same group, 0 when there is none
	durations []int64
	mask      uint64
	oldest    uint64 // number of the first event that is there
	next      uint64 // number that the next event gets
	bytes     int64
	limit     int64

	// Numbered from 1, at most as many as events. The signatures lie apart, so
	// that looking through them reads 8 bytes a group.
	groups      []group
	signatures  []signature
	oldestGroup uint64
	nextGroup   uint64
}

func newRing(events int, limit int64) ring {
	size := 1
	for size < events {
		size *= 2
	}
	return ring{
		events: make([]Event, size), previous: make([]uint64, size), durations: make([]int64, size),
		mask: uint64(size - 1), oldest: 1, next: 1, limit: limit,
		groups: make([]group, size), signatures: make([]signature, size), oldestGroup: 1, nextGroup: 1,
	}
}

// put adds a batch of at most as many events as the ring has room for.
func (r *ring) put(b *batch) {
	first := r.next
	for i, e := range b.events {
		if r.next-r.oldest > r.mask {
			r.drop()
		}
		at := r.next & r.mask
		r.events[at], r.durations[at], r.previous[at] = e, e.duration(), 0
		if before := b.previous[i]; before >= 0 {
			r.previous[at] = first + uint64(before)
		}
		r.next++
		r.bytes += e.size()
		for r.bytes > r.limit && r.oldest < r.next {
			r.drop()
		}
	}
	for _, g := range b.groups {
		if r.nextGroup-r.oldestGroup > r.mask {
			r.dropGroup()
		}
		g.newest, g.oldest, g.end = g.newest+first, g.oldest+first, r.next
		r.groups[r.nextGroup&r.mask], r.signatures[r.nextGroup&r.mask] = g, g.signature
		r.nextGroup++
	}
}

// drop forgets the oldest event.
func (r *ring) drop() {
	at := &r.events[r.oldest&r.mask]
	r.bytes -= at.size()
	*at = Event{}
	r.oldest++
}

// dropGroup forgets the oldest group, and with it the batch that it is of: an
// event without its group would not be found.
func (r *ring) dropGroup() {
	end := r.groups[r.oldestGroup&r.mask].end
	for r.oldest < end {
		r.drop()
	}
	r.oldestGroup++
}

// clear forgets all events.
func (r *ring) clear() {
	for r.oldest < r.next {
		r.drop()
	}
	r.oldestGroup = r.nextGroup
}

// groupOf is the number of the first group of the batch that an event is of.
// Of those that follow, all are at or behind it.
func (r *ring) groupOf(event uint64) uint64 {
	n := sort.Search(int(r.nextGroup-r.oldestGroup), func(i int) bool {
		return r.groups[(r.oldestGroup+uint64(i))&r.mask].end > event
	})
	return r.oldestGroup + uint64(n)
}
