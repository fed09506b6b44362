package demo

import (
	"errors"
	"sync"
	"time"

	"go.opentelemetry.io/otel/propagation"
)

const (
	// queueSize is per consumer group: a minute of orders at 200 flows a second.
	queueSize = 1024
	// batchWindow is how long a batch waits for more after its first message, in simulated time.
	batchWindow = 400 * time.Millisecond
)

// message travels through the broker with its trace context in the headers, as through Kafka.
type message struct {
	headers propagation.MapCarrier
	id      string
	seed    uint64
}

// broker hands each message on a topic to every consumer group that subscribed to it. Safe for concurrent use.
type broker struct {
	mu     sync.Mutex
	queues map[string]map[string]chan message // by topic and consumer group
	closed chan struct{}
	once   sync.Once
}

func newBroker() *broker {
	return &broker{queues: map[string]map[string]chan message{}, closed: make(chan struct{})}
}

// subscribe returns the queue of group, which all members share.
func (b *broker) subscribe(topic, group string) <-chan message {
	b.mu.Lock()
	defer b.mu.Unlock()
	groups := b.queues[topic]
	if groups == nil {
		groups = map[string]chan message{}
		b.queues[topic] = groups
	}
	if groups[group] == nil {
		groups[group] = make(chan message, queueSize)
	}
	return groups[group]
}

// publish never blocks; it fails when a group's queue is full, which then misses the message.
func (b *broker) publish(topic string, m message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	var err error
	for _, queue := range b.queues[topic] {
		select {
		case queue <- m:
		default:
			err = errors.New("queue is full: " + topic)
		}
	}
	return err
}

// close makes receive report the end of each queue once it is empty.
func (b *broker) close() { b.once.Do(func() { close(b.closed) }) }

// receive waits for the next message. After close it empties the queue, then returns false.
func (b *broker) receive(queue <-chan message) (message, bool) {
	select {
	case m := <-queue:
		return m, true
	case <-b.closed:
	}
	select {
	case m := <-queue:
		return m, true
	default:
		return message{}, false
	}
}

// collect returns the next message and up to limit-1 more that come within batchWindow; nothing when the queue has ended.
func (b *broker) collect(queue <-chan message, c clock, limit int) []message {
	first, ok := b.receive(queue)
	if !ok {
		return nil
	}
	batch := []message{first}
	window := time.NewTimer(c.real(batchWindow))
	defer window.Stop()
	for len(batch) < limit {
		select {
		case m := <-queue:
			batch = append(batch, m)
		case <-window.C:
			return batch
		case <-b.closed:
			return batch
		}
	}
	return batch
}
