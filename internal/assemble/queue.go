package assemble

import (
	"sync"

	"github.com/flowscope/flowscope/internal/model"
)

// event is a batch to take up, a barrier, or a question what is open.
type event struct {
	batch   *model.Batch
	size    int64
	barrier func(open []model.TraceID)
	open    chan<- model.OpenFlows
}

// queue holds events until Run takes them, at most limit bytes and one batch.
type queue struct {
	ready chan struct{} // has an element when there are events

	mu     sync.Mutex
	room   sync.Cond
	limit  int64
	bytes  int64
	events []event
	closed bool
}

func newQueue(limit int64) *queue {
	q := &queue{ready: make(chan struct{}, 1), limit: limit}
	q.room.L = &q.mu
	return q
}

// put waits for room and appends e. It drops e once the queue is closed.
func (q *queue) put(e event) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.bytes > 0 && e.size > 0 && q.bytes+e.size > q.limit && !q.closed {
		q.room.Wait()
	}
	if q.closed {
		return
	}
	q.events = append(q.events, e)
	q.bytes += e.size
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// take removes and returns all events.
func (q *queue) take() []event {
	q.mu.Lock()
	defer q.mu.Unlock()
	events := q.events
	q.events, q.bytes = nil, 0
	q.room.Broadcast()
	return events
}

// close lets go whoever waits in put.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.room.Broadcast()
}

func (q *queue) size() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.bytes
}
