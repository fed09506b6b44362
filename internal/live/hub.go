package live

import (
	"crypto/rand"
	"errors"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

// Config has the limits of a Hub. Zero fields have the default.
type Config struct {
	// Events are kept in the ring, rounded up to a power of two. Default
	// 65,536: half a second at the most flows that come.
	Events int
	// Bytes of events are kept. Default 32 MiB, most of it flows that
	// the store holds, too.
	Bytes int64
	// Followers may there be. Default 2,000.
	Followers int
	// Now is the clock of events. Default time.Now.
	Now func() time.Time
}

var (
	// ErrClosed says that the hub was closed.
	ErrClosed = errors.New("the server is stopping")
	// ErrFull says that there are Config.Followers already.
	ErrFull = errors.New("too many follow already")
)

const (
	// idleAfter is how long events are kept going when the last follower has
	// left: it may come back with its cursor.
	idleAfter = time.Minute
	// showRate is how many new traces a second are shown as they grow, showMost
	// how many may be at a time.
	showRate = 1000
	showMost = 10_000
)

// Hub hands on what happens to flows. Watch, Show, Complete and Flush belong to
// one goroutine, the publisher; the rest may be called by any.
type Hub struct {
	seed   maphash.Seed
	boot   string
	config Config

	listening atomic.Bool
	published atomic.Int64
	dropped   atomic.Int64

	// Of the publisher.
	pending  []Event
	batch    batch
	usual    usuals
	tokens   float64 // new traces that may be shown
	refilled time.Time
	unshown  uint64 // traces not shown, since the last Flush

	mu        sync.RWMutex
	ring      ring
	skipped   uint64 // traces not shown in all
	floor     uint64 // where events began that follow each other without a gap
	followers int
	subs      int
	wake      chan struct{} // closed when there is something new
	done      chan struct{} // closed by Close
	closed    bool
	idle      *time.Timer
}

// New returns a Hub that nobody follows.
func New(c Config) *Hub {
	if c.Events == 0 {
		c.Events = 64 << 10
	}
	if c.Bytes == 0 {
		c.Bytes = 32 << 20
	}
	if c.Followers == 0 {
		c.Followers = 2000
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Hub{
		seed: maphash.MakeSeed(), boot: rand.Text()[:8], config: c, usual: usuals{}, tokens: showRate, refilled: time.Now(),
		ring: newRing(c.Events, c.Bytes), wake: make(chan struct{}), done: make(chan struct{}),
	}
}

// Watch reports whether a trace that is new is to be shown, when so many are
// already.
func (h *Hub) Watch(shown int) bool {
	if !h.listening.Load() {
		return false
	}
	if h.tokens < 1 {
		h.refill()
	}
	if shown >= showMost || h.tokens < 1 {
		h.unshown++
		return false
	}
	h.tokens--
	return true
}

func (h *Hub) refill() {
	now := time.Now()
	h.tokens = min(showRate, h.tokens+showRate*now.Sub(h.refilled).Seconds())
	h.refilled = now
}

// Show publishes what is known of an open trace: that it began, or more of it.
func (h *Hub) Show(f *model.OpenFlow, began bool) {
	e := Event{Kind: Update, Open: f, Progress: h.usual.progress(f), At: h.config.Now().UnixNano()}
	if began {
		e.Kind = Start
	}
	h.pending = append(h.pending, e)
}

// Complete publishes a flow that was counted. It is an assemble.Subscriber.
func (h *Hub) Complete(f, _ *model.Flow) {
	if !h.listening.Load() {
		return
	}
	h.usual.learn(f.FlowSummary)
	h.pending = append(h.pending, Event{Kind: Complete, Flow: f.FlowSummary, Progress: NoProgress})
}

// Flush hands what was published to the followers.
func (h *Hub) Flush() {
	if len(h.pending) == 0 && h.unshown == 0 {
		return
	}
	most := min(maxBatch, len(h.ring.events))
	for events := range slices.Chunk(h.pending, most) {
		h.batch.group(h.seed, events)
		h.put(&h.batch)
	}
	if h.unshown > 0 {
		h.put(&batch{})
	}
	h.published.Add(int64(len(h.pending)))
	clear(h.pending)
	h.pending = h.pending[:0]
}

func (h *Hub) put(b *batch) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ring.put(b)
	h.skipped += h.unshown
	h.unshown = 0
	h.wakeLocked()
}

func (h *Hub) wakeLocked() {
	close(h.wake)
	h.wake = make(chan struct{})
}

// Close ends all followers: their Next answers ErrClosed.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.closed = true
	close(h.done)
	if h.idle != nil {
		h.idle.Stop()
	}
	h.listening.Store(false)
	h.wakeLocked()
}

// Done is closed when the Hub is: for those who wait without following.
func (h *Hub) Done() <-chan struct{} { return h.done }

// Stats is what a Hub is doing and has done since it began.
type Stats struct {
	Followers     int
	Subscriptions int
	Published     int64
	Dropped       int64 // events not given to a follower that may have wanted them
}

// Stats may be called at any time.
func (h *Hub) Stats() Stats {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return Stats{
		Followers: h.followers, Subscriptions: h.subs,
		Published: h.published.Load(), Dropped: h.dropped.Load(),
	}
}
