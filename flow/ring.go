package flow

import (
	"bytes"
	"context"
	"sync"
	"sync/atomic"
)

// ring keeps the newest records in memory that does not grow beyond its limit:
// adding one forgets as many of the oldest as it takes. Who reads it has a place of
// its own and learns what it has missed, so that a slow reader costs nothing but
// its own records.
type ring struct {
	limit   int          // bytes
	most    int          // records
	stages  []stage      // records that came and are not taken up yet
	each    int          // so many of them may be on a stage
	ready   func()       // called after each record, without the lock; nil is nothing
	met     atomic.Int32 // how often cores have met here
	busy    atomic.Bool  // so often that stages are used
	awaited atomic.Bool  // somebody waits for what may be on a stage
	_       [64]byte     // what is read with each record is not where others write

	mu      sync.Mutex
	spare   [maxStages][]staged // for stages to fill while theirs are taken up
	memory  int                 // bytes of all chunks
	entries []extent            // of the records that are kept, a circle
	first   uint64              // the number of the oldest record kept
	next    uint64              // the number of the next record
	waiting chan struct{}       // closed when there is a record of number wakeAt
	wakeAt  uint64
}

// extent is where a record is.
type extent struct {
	in            *chunk
	start, length uint32
}

func (e *extent) record() []byte { return e.in.buf[e.start : e.start+e.length] }

func newRing(records, bytes int) *ring {
	r := &ring{limit: bytes, most: records, entries: make([]extent, min(records, 64))}
	r.stages, r.each = stages(records, bytes)
	return r
}

// append adds a record, which it copies. It reports false for one that is too
// large to be kept.
func (r *ring) append(d *draft) bool {
	if len(d.record) > r.limit/2 || r.most == 0 {
		return false
	}
	if !r.busy.Load() || len(d.record) > chunkSize/chunkShare {
		r.add(d.record)
	} else {
		r.stage(d)
	}
	if r.ready != nil {
		r.ready()
	}
	return true
}

// oftenMet is how often cores have met when a ring is busy.
const oftenMet = 16

// add adds a record to the ring itself.
func (r *ring) add(record []byte) {
	if !r.mu.TryLock() {
		r.met.Add(1)
		r.mu.Lock()
	}
	defer r.unlock()
	r.collect()
	r.put(r.place(record))
	if len(r.stages) > 0 && r.met.Load() >= oftenMet {
		r.busy.Store(true)
	}
}

// stage adds a record to a stage.
func (r *ring) stage(d *draft) {
	s := &r.stages[d.near%uint32(len(r.stages))]
	for !s.take(d, r.each) {
		r.lock()
		r.supply(s, d.record)
		r.unlock()
	}
	if r.awaited.Load() {
		r.lock()
		r.unlock()
	}
}

// lock locks the ring when it has taken up all records that came.
func (r *ring) lock() {
	r.mu.Lock()
	r.collect()
}

// unlock wakes who waited for what came. Who waits for a record so far off that it
// cannot be on a stage does not have each taken up.
func (r *ring) unlock() {
	if r.waiting != nil && r.next > r.wakeAt {
		close(r.waiting)
		r.waiting = nil
	}
	near := r.waiting != nil && r.wakeAt < r.next+uint64(r.each*len(r.stages))
	if near != r.awaited.Load() {
		r.awaited.Store(near)
	}
	r.mu.Unlock()
}

// put adds where a record is.
func (r *ring) put(e extent) {
	if r.kept() == r.most {
		r.forget()
	}
	if r.kept() == len(r.entries) {
		r.growEntries()
	}
	e.in.live++
	*r.entry(r.next) = e
	r.next++
}

// forget lets the oldest record go.
func (r *ring) forget() {
	e := r.entry(r.first)
	r.first++
	e.in.live--
	r.retire(e.in)
	if e.in.home == nil {
		e.in = nil
	}
}

// holds reports whether the ring can keep anything.
func (r *ring) holds() bool { return r.most > 0 && r.limit > 0 }

func (r *ring) kept() int { return int(r.next - r.first) }

func (r *ring) entry(n uint64) *extent { return &r.entries[n%uint64(len(r.entries))] }

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
	r.lock()
	defer r.unlock()
	if n < r.first {
		missed = r.first - n
		n = r.first
	}
	size := 0
	for next = n; next != r.next && (size == 0 || size+int(r.entry(next).length) <= page); next++ {
		size += int(r.entry(next).length)
	}
	all := make([]byte, 0, size)
	for ; n != next; n++ {
		from := len(all)
		all = append(all, r.entry(n).record()...)
		records = append(records, all[from:len(all):len(all)])
	}
	return records, next, missed
}

// record returns a copy of record n, nil when it is not there.
func (r *ring) record(n uint64) []byte {
	r.lock()
	defer r.unlock()
	if n < r.first || n >= r.next {
		return nil
	}
	return bytes.Clone(r.entry(n).record())
}

// wait returns when there is a record of number n, or when ctx ends.
func (r *ring) wait(ctx context.Context, n uint64) error {
	for {
		r.mu.Lock()
		r.awaited.Store(true) // what is appended from here on is collected by who appends it
		r.collect()
		if r.next > n {
			r.unlock()
			return nil
		}
		if r.waiting == nil {
			r.waiting, r.wakeAt = make(chan struct{}), n
		}
		r.wakeAt = min(r.wakeAt, n)
		woken := r.waiting
		r.unlock()
		select {
		case <-woken:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// use is how much a ring holds: records, their bytes, and the memory it has.
func (r *ring) use() (records, bytes, memory int) {
	r.lock()
	defer r.unlock()
	for n := r.first; n != r.next; n++ {
		bytes += int(r.entry(n).length)
	}
	return r.kept(), bytes, r.memory
}

// bounds are the numbers of the oldest record and of the next one.
func (r *ring) bounds() (first, next uint64) {
	r.lock()
	defer r.unlock()
	return r.first, r.next
}

// pressing reports whether the records from number n on take so many bytes that
// whoever reads them should not put it off.
func (r *ring) pressing(n uint64) bool {
	r.lock()
	defer r.unlock()
	if n < r.first {
		return true
	}
	size := 0
	for ; n != r.next; n++ {
		size += int(r.entry(n).length)
	}
	return size >= min(r.limit/4, maxRequest)
}
