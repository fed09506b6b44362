package live

import (
	"context"
	"slices"
	"time"
)

const (
	// minPace is the shortest time between two looks of a follower, and
	// paceEach what each follower adds: at most 10,000 looks a second in all.
	minPace  = 20 * time.Millisecond
	paceEach = 100 * time.Microsecond
	// givenRate is how many events a second all followers together are given:
	// a tenth of two cores writes them down and sends them.
	givenRate = 10_000
	// maxPage bounds what is given at a time: what a slow reader has to take
	// before it is given the newest. It is half a minute of a quiet server, for
	// who comes back with a cursor.
	maxPage = 1000
)

// pace waits until it is time to look again.
func (f *Follower) pace(ctx context.Context) error {
	f.hub.mu.RLock()
	every := paceOf(f.hub.followers * f.cost)
	f.hub.mu.RUnlock()
	defer func() { f.last = time.Now() }()
	wait := every - time.Since(f.last)
	if wait <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func paceOf(followers int) time.Duration {
	return max(minPace, time.Duration(followers)*paceEach)
}

// allowance is how many events the follower may be given now: its share of
// givenRate. It saves up a second's worth, because flows are counted in bursts,
// as their traces become quiet, and what comes back with a cursor has a backlog.
func (f *Follower) allowance(followers int) int {
	now, share := time.Now(), givenRate/float64(max(followers, 1))
	f.saved = min(share, f.saved+share*now.Sub(f.refilled).Seconds())
	f.refilled = now
	return min(maxPage, max(1, int(f.saved)))
}

// read takes what is new out of the ring. The channel is closed when there is
// more.
func (f *Follower) read() (Page, <-chan struct{}, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	h := f.hub
	h.mu.RLock()
	defer h.mu.RUnlock()
	if h.closed {
		return Page{}, nil, ErrClosed
	}
	p := Page{Cursor: h.cursor(h.ring.next)}
	if len(f.subs) > 0 {
		f.look(&p)
	}
	f.next, f.skipped, f.gap = h.ring.next, h.skipped, false
	for _, d := range p.Dropped {
		h.dropped.Add(int64(d.Count))
	}
	return p, h.wake, nil
}

// look fills a page: from the newest event back, so that the newest are given.
func (f *Follower) look(p *Page) {
	r, most := &f.hub.ring, f.allowance(f.hub.followers*f.cost)
	var rated uint64
	first, common := max(f.next, r.oldest), f.common()
	signatures, mask := r.signatures, r.mask // this loop is where the time goes
	for at := r.next; at > first; at-- {
		got := signatures[(at-1)&mask]
		switch {
		case common&^got != 0:
		case len(p.Events) < most:
			f.take(p, at-1)
		case len(f.subs) == 1 || f.mayMatch(got):
			rated++
		}
	}
	f.saved -= float64(len(p.Events))
	slices.Reverse(p.Events)
	if f.showsOpen() {
		rated += f.hub.skipped - f.skipped
	}
	f.tell(p, rated, first-min(first, f.next))
}

// common is what all subscriptions want.
func (f *Follower) common() signature {
	all := ^signature(0)
	for i := range f.subs {
		all &= f.subs[i].wants
	}
	return all
}

func (f *Follower) mayMatch(got signature) bool {
	return slices.ContainsFunc(f.subs, func(s subscription) bool { return s.wants&^got == 0 })
}

// take adds an event to the page if a subscription selects it.
func (f *Follower) take(p *Page, at uint64) {
	e := f.hub.ring.events[at&f.hub.ring.mask]
	var ids []string
	for i := range f.subs {
		if s := &f.subs[i]; at >= s.from && s.filter.matches(e) {
			ids = append(ids, s.id)
		}
	}
	if ids != nil {
		p.Events = append(p.Events, Matched{Event: e, Subscriptions: ids, Cursor: f.hub.cursor(at + 1)})
	}
}

// showsOpen reports whether a subscription can select flows that are open.
func (f *Follower) showsOpen() bool {
	return slices.ContainsFunc(f.subs, func(s subscription) bool { return !s.filter.settled() })
}

func (f *Follower) tell(p *Page, rated, overtaken uint64) {
	if f.gap {
		p.Dropped = append(p.Dropped, Dropped{Reason: Gap})
	}
	if overtaken > 0 {
		p.Dropped = append(p.Dropped, Dropped{Overtaken, overtaken})
	}
	if rated > 0 {
		p.Dropped = append(p.Dropped, Dropped{Rate, rated})
	}
}
