package flow

import (
	"bytes"
	"context"
	"sync"
)

// ring keeps the newest records in one piece of memory that does not grow
// beyond its limit: adding one forgets as many of the oldest as it takes. Who
// reads it has a place of its own and learns what it has missed, so that a slow
// reader costs nothing but its own records.
type ring struct {
	limit int // bytes
	most  int // records

	mu      sync.Mutex
	buf     []byte
	write   int           // where the next record goes, unless it does not fit there
	entries []extent      // of the records that are kept, a circle
	first   uint64        // the number of the oldest record kept
	next    uint64        // the number of the next record
	waiting chan struct{} // closed when there is a record of number wakeAt
	wakeAt  uint64
	ready   func() // called after each record, without the lock; nil is nothing
}

// extent is where a record is.
type extent struct{ start, length int }

// ringStart is the size a ring begins with: an idle service keeps nothing.
const ringStart = 16 << 10

func newRing(records, bytes int) *ring {
	return &ring{limit: bytes, most: records, entries: make([]extent, min(records, 64))}
}

// append adds a record, which it copies. It reports false for one that is too
// large to be kept.
func (r *ring) append(record []byte) bool {
	if len(record) > r.limit/2 || r.most == 0 {
		return false
	}
	r.put(record)
	if r.ready != nil {
		r.ready()
	}
	return true
}

func (r *ring) put(record []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.kept() == r.most {
		r.first++
	}
	at := r.makeRoom(len(record))
	copy(r.buf[at:], record)
	r.write = at + len(record)
	if r.kept() == len(r.entries) {
		r.growEntries()
	}
	*r.entry(r.next) = extent{at, len(record)}
	r.next++
	if r.waiting != nil && r.next > r.wakeAt {
		close(r.waiting)
		r.waiting = nil
	}
}

// holds reports whether the ring can keep anything.
func (r *ring) holds() bool { return r.most > 0 && r.limit > 0 }

func (r *ring) kept() int { return int(r.next - r.first) }

func (r *ring) entry(n uint64) *extent { return &r.entries[n%uint64(len(r.entries))] }

// makeRoom returns where size bytes may be written. Records are evicted oldest
// first, and only when the memory cannot grow any more.
func (r *ring) makeRoom(size int) int {
	at := r.write
	if at+size > len(r.buf) {
		at = 0
	}
	if !r.free(at, size) && len(r.buf) < r.limit {
		r.grow(size)
		at = r.write
	}
	if at+size > len(r.buf) {
		at = 0
	}
	for !r.free(at, size) {
		r.first++
	}
	return at
}

// free reports whether the oldest record is out of the way of a new one. When
// the new one begins the memory anew, those behind the last write are older
// than any that it can hit.
func (r *ring) free(at, size int) bool {
	if at+size > len(r.buf) {
		return false
	}
	if r.kept() == 0 {
		return true
	}
	e := r.entry(r.first)
	if at < r.write && e.start >= r.write { // wrapping over older ones
		return false
	}
	return e.start >= at+size || e.start+e.length <= at
}

// grow moves the records into more memory, one after another.
func (r *ring) grow(size int) {
	larger := make([]byte, min(max(2*len(r.buf), len(r.buf)+size, ringStart), r.limit))
	to := 0
	for n := r.first; n != r.next; n++ {
		e := r.entry(n)
		copy(larger[to:], r.buf[e.start:e.start+e.length])
		e.start = to
		to += e.length
	}
	r.buf, r.write = larger, to
}

func (r *ring) growEntries() {
	larger := make([]extent, min(2*len(r.entries), r.most))
	for n := r.first; n != r.next; n++ {
		larger[n%uint64(len(larger))] = *r.entry(n)
	}
	r.entries = larger
}

// page bounds how many bytes are copied while writers wait.
const page = 64 << 10

// read returns copies of records from number n on, one page of them at most,
// the number to go on from, and how many before were forgotten already.
func (r *ring) read(n uint64) (records [][]byte, next, missed uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n < r.first {
		missed = r.first - n
		n = r.first
	}
	size := 0
	for next = n; next != r.next && (size == 0 || size+r.entry(next).length <= page); next++ {
		size += r.entry(next).length
	}
	all := make([]byte, 0, size)
	for ; n != next; n++ {
		e := r.entry(n)
		from := len(all)
		all = append(all, r.buf[e.start:e.start+e.length]...)
		records = append(records, all[from:len(all):len(all)])
	}
	return records, next, missed
}

// record returns a copy of record n, nil when it is not there.
func (r *ring) record(n uint64) []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n < r.first || n >= r.next {
		return nil
	}
	e := r.entry(n)
	return bytes.Clone(r.buf[e.start : e.start+e.length])
}

// wait returns when there is a record of number n, or when ctx ends.
func (r *ring) wait(ctx context.Context, n uint64) error {
	for {
		r.mu.Lock()
		if r.next > n {
			r.mu.Unlock()
			return nil
		}
		if r.waiting == nil {
			r.waiting, r.wakeAt = make(chan struct{}), n
		}
		r.wakeAt = min(r.wakeAt, n)
		woken := r.waiting
		r.mu.Unlock()
		select {
		case <-woken:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// use is how much a ring holds: records, their bytes, and the memory it has.
func (r *ring) use() (records, bytes, memory int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for n := r.first; n != r.next; n++ {
		bytes += r.entry(n).length
	}
	return r.kept(), bytes, len(r.buf)
}

// bounds are the numbers of the oldest record and of the next one.
func (r *ring) bounds() (first, next uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.first, r.next
}

// pressing reports whether the records from number n on take so many bytes that
// whoever reads them should not put it off.
func (r *ring) pressing(n uint64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n < r.first {
		return true
	}
	size := 0
	for ; n != r.next; n++ {
		size += r.entry(n).length
	}
	return size >= min(r.limit/4, maxRequest)
}
