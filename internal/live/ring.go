package live

// ring is the newest events, numbered from 1. The signatures lie apart, so that
// looking through them reads 8 bytes an event.
type ring struct {
	events     []Event
	signatures []signature
	mask       uint64
	oldest     uint64 // number of the first event that is there
	next       uint64 // number that the next event gets
	bytes      int64
	limit      int64
}

func newRing(events int, limit int64) ring {
	size := 1
	for size < events {
		size *= 2
	}
	return ring{
		events: make([]Event, size), signatures: make([]signature, size), mask: uint64(size - 1),
		oldest: 1, next: 1, limit: limit,
	}
}

func (r *ring) put(e Event, s signature) {
	if r.next-r.oldest > r.mask {
		r.drop()
	}
	r.events[r.next&r.mask], r.signatures[r.next&r.mask] = e, s
	r.next++
	r.bytes += e.size()
	for r.bytes > r.limit && r.oldest < r.next {
		r.drop()
	}
}

// drop forgets the oldest event.
func (r *ring) drop() {
	at := &r.events[r.oldest&r.mask]
	r.bytes -= at.size()
	*at = Event{}
	r.oldest++
}

// clear forgets all events.
func (r *ring) clear() {
	for r.oldest < r.next {
		r.drop()
	}
}
