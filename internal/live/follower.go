package live

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// MaxSubscriptions is how many a Follower may have: found.by has a bit for each.
const MaxSubscriptions = 16

// Follower reads a Hub through its subscriptions. Next belongs to one
// goroutine; the rest may be called by any.
type Follower struct {
	hub  *Hub
	cost int           // of an event, in those of others
	last time.Time     // when Next looked last
	kick chan struct{} // has an element when there may be something to tell

	mu      sync.Mutex
	subs    []subscription
	next    uint64 // event to read
	skipped uint64 // of the hub, when it was read
	gap     bool   // to be told
	rated   uint64 // events that were more than it is given, to be told
	told    time.Time
	closed  bool
	edits   uint64    // of subscriptions: how often one was made or ended
	common  signature // what all subscriptions want
	found   []found   // of the batch that a look is at
	sure    int       // events at least of what is found

	saved    float64 // events that it may be given
	refilled time.Time
}

type subscription struct {
	id     string
	filter Filter
	wants  signature
	from   uint64 // event
	edit   uint64 // that made it
}

// Follow returns a Follower without subscriptions. It must be closed.
func (h *Hub) Follow() (*Follower, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed:
		return nil, ErrClosed
	case h.followers >= h.config.Followers:
		return nil, ErrFull
	}
	h.followers++
	if h.idle != nil {
		h.idle.Stop()
	}
	if !h.listening.Load() {
		h.ring.clear()
		h.ring.next++ // a cursor of before does not reach up to here
		h.ring.oldest, h.floor = h.ring.next, h.ring.next
		h.listening.Store(true)
	}
	return &Follower{hub: h, cost: 1, kick: make(chan struct{}, 1), next: h.ring.next, skipped: h.skipped}, nil
}

// Weigh says that an event costs whoever reads this Follower as much as cost of
// others do: it is given as many fewer. It comes before Next.
func (f *Follower) Weigh(cost int) { f.cost = cost }

// Close ends the Follower. It may be called again.
func (f *Follower) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	f.closed = true
	h := f.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	h.followers--
	h.subs -= len(f.subs)
	if h.followers == 0 && !h.closed {
		h.idle = time.AfterFunc(idleAfter, h.rest)
	}
}

// rest stops publishing when nobody has come back.
func (h *Hub) rest() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.followers == 0 {
		h.listening.Store(false)
		h.ring.clear()
	}
}

// Subscribe adds a subscription, or replaces the one of that id. It is given
// events from now on, or from the cursor of an earlier one on.
func (f *Follower) Subscribe(id string, filter Filter, cursor string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	old := f.find(id)
	if old < 0 && len(f.subs) >= MaxSubscriptions {
		return fmt.Errorf("there are %d subscriptions already, no more are accepted", MaxSubscriptions)
	}
	h := f.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	at, err := h.resume(cursor)
	if err != nil {
		return err
	}
	f.edits++
	s := subscription{id: id, filter: filter, wants: filter.wants(h.seed), from: at.next, edit: f.edits}
	if old < 0 {
		f.subs = append(f.subs, s)
		h.subs++
	} else {
		f.subs[old] = s
	}
	f.gap = f.gap || at.gap
	f.findCommon()
	if len(f.subs) == 1 {
		f.next, f.skipped = at.next, h.skipped
		if old < 0 {
			f.rated = 0 // of who is not there any more
		}
	}
	f.rated = max(f.rated, at.untold) // several may come back with one cursor
	f.rewind(id, at.next)
	select {
	case f.kick <- struct{}{}:
	default:
	}
	return nil
}

// rewind goes back to an event, not again for the other subscriptions.
func (f *Follower) rewind(id string, from uint64) {
	if from >= f.next {
		return
	}
	for i := range f.subs {
		if s := &f.subs[i]; s.id != id {
			s.from = max(s.from, f.next)
		}
	}
	f.next = from
}

// Unsubscribe ends a subscription. It reports false when there is none.
func (f *Follower) Unsubscribe(id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := f.find(id)
	if at < 0 {
		return false
	}
	f.subs = slices.Delete(f.subs, at, at+1)
	f.edits++
	f.findCommon()
	f.hub.mu.Lock()
	defer f.hub.mu.Unlock()
	f.hub.subs--
	return true
}

// findCommon is to be called whenever the subscriptions are others.
func (f *Follower) findCommon() {
	f.common = ^signature(0)
	for i := range f.subs {
		f.common &= f.subs[i].wants
	}
}

func (f *Follower) find(id string) int {
	return slices.IndexFunc(f.subs, func(s subscription) bool { return s.id == id })
}

// Page is what a Follower is given at a time: first what it missed, then events
// in their order.
type Page struct {
	Dropped []Dropped
	Events  []Matched
	edit    uint64 // the last one that it knows of
}

// Matched is an event and the subscriptions that it is for.
type Matched struct {
	Event
	Subscriptions []string
	Cursor        string // goes on behind it
	next          uint64 // event
}

// Cursor goes on behind all that Next has told of.
func (f *Follower) Cursor() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hub.cursor(f.next, f.rated)
}

// Retain leaves in a page what the subscriptions that it was made for select, if
// these are there still: others may have ended or been replaced meanwhile.
func (f *Follower) Retain(p *Page) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.edits == p.edit {
		return
	}
	ended := func(id string) bool {
		at := f.find(id)
		return at < 0 || f.subs[at].edit > p.edit
	}
	p.Events = slices.DeleteFunc(p.Events, func(e Matched) bool {
		return !slices.ContainsFunc(e.Subscriptions, func(id string) bool { return !ended(id) })
	})
	for i := range p.Events {
		p.Events[i].Subscriptions = slices.DeleteFunc(p.Events[i].Subscriptions, ended)
	}
}

// Next waits for something to tell. It fails when ctx ends, and with ErrClosed.
func (f *Follower) Next(ctx context.Context) (Page, error) {
	for {
		if err := f.pace(ctx); err != nil {
			return Page{}, err
		}
		page, news, err := f.read()
		if err != nil || len(page.Events)+len(page.Dropped) > 0 {
			return page, err
		}
		select {
		case <-ctx.Done():
			return Page{}, ctx.Err()
		case <-news.wake:
		case <-news.due:
		case <-f.kick:
		}
	}
}
