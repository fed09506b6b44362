package receive

import "sync/atomic"

// receiveAhead is what a request is charged before its bytes arrive. It holds
// the requests of SDKs (512 spans of 330 bytes are 170 kB) and of collectors
// (8,192 compress to less) whole, and is small enough that 128 slow senders
// fit into the default InFlightLimit.
const receiveAhead = 1 << 20

// budget bounds the bytes that all requests in flight hold together.
type budget struct {
	limit int64
	used  atomic.Int64
}

// take adds n bytes to what is used, unless that would pass the limit.
func (b *budget) take(n int64) bool {
	for {
		used := b.used.Load()
		if used+n > b.limit {
			return false
		}
		if b.used.CompareAndSwap(used, used+n) {
			return true
		}
	}
}

// lease is the part of a budget that one request holds. It belongs to the
// request's goroutine.
type lease struct {
	budget *budget
	held   int64
}

// resize makes the lease hold n bytes. It reports false, and changes nothing,
// when the budget has no room for that.
func (l *lease) resize(n int64) bool {
	if n > l.held && !l.budget.take(n-l.held) {
		return false
	}
	if n < l.held {
		l.budget.used.Add(n - l.held)
	}
	l.held = n
	return true
}

// release gives everything back.
func (l *lease) release() { l.resize(0) }
