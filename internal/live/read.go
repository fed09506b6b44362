package live

import (
	"context"
	"math/bits"
	"slices"
	"time"
)

const (
	// minPace is the shortest time between two looks of a follower, and
	// paceEach what each follower adds: at most 2,500 looks a second in all.
	minPace  = 20 * time.Millisecond
	paceEach = 400 * time.Microsecond
	// givenRate is how many events a second all followers together are given:
	// a tenth of two cores writes them down and sends them.
	givenRate = 10_000
	// maxPage bounds what is given at a time: what a slow reader has to take
	// before it is given the newest. It is half a minute of a quiet server, for
	// who comes back with a cursor.
	maxPage = 1000
	// askRate is how many groups a second more than are given are asked whether
	// they match, 50 ms of processor time. Of those beyond, all that may match are
	// counted as dropped.
	askRate = 1_000_000
	// tellEvery is how often a follower is told of what was more than it is
	// given: a notice costs as much as an event.
	tellEvery = time.Second
)

// pace waits until it is time to look again.
func (f *Follower) pace(ctx context.Context) error {
	f.hub.mu.RLock()
	every := paceOf(f.hub.followers)
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
// givenRate, the smaller the more it weighs. It saves up a second's worth,
// because flows are counted in bursts, as their traces become quiet, and what
// comes back with a cursor has a backlog.
func (f *Follower) allowance() int {
	now, share := time.Now(), givenRate/float64(max(f.hub.followers*f.cost, 1))
	f.saved = min(max(share, 1), f.saved+share*now.Sub(f.refilled).Seconds())
	f.refilled = now
	return min(maxPage, int(f.saved))
}

// asks is how many groups more than are given may be asked in one look: the
// follower's share of askRate.
func (f *Follower) asks() int {
	followers := max(f.hub.followers, 1)
	return int(time.Duration(askRate/followers) * paceOf(followers) / time.Second)
}

// news says when there may be more for a follower.
type news struct {
	wake <-chan struct{}  // closed when there is
	due  <-chan time.Time // nil when nothing waits to be told
}

// read takes what is new out of the ring.
func (f *Follower) read() (Page, news, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	h := f.hub
	h.mu.RLock()
	defer h.mu.RUnlock()
	if h.closed {
		return Page{}, news{}, ErrClosed
	}
	p := Page{edit: f.edits}
	if len(f.subs) > 0 {
		first := max(f.next, h.ring.oldest)
		f.rated += f.look(&p, first)
		if f.showsOpen() {
			f.rated += h.skipped - f.skipped
		}
		f.tell(&p, first-f.next)
		for i := range p.Events { // what is not told yet is older than they are
			p.Events[i].Cursor = h.cursor(p.Events[i].next, f.rated)
		}
	} else {
		f.rated = 0
	}
	f.next, f.skipped, f.gap = h.ring.next, h.skipped, false
	for _, d := range p.Dropped {
		h.dropped.Add(int64(d.Count))
	}
	n := news{wake: h.wake}
	if f.rated > 0 {
		n.due = time.After(tellEvery - time.Since(f.told))
	}
	return p, n, nil
}

// look fills a page with the newest events from first on, and returns how many
// more there are for the follower.
func (f *Follower) look(p *Page, first uint64) (rest uint64) {
	r, most, ask := &f.hub.ring, f.allowance(), f.asks()
	signatures, mask, common := r.signatures, r.mask, f.common // this loop is where the time goes
	for g, end := r.nextGroup, r.groupOf(first); g > end; g-- {
		got := signatures[(g-1)&mask]
		if common&^got != 0 {
			continue
		}
		of := &r.groups[(g-1)&mask]
		if len(f.found) > 0 && f.found[0].end != of.end {
			rest += f.sift(p, first, most)
		}
		switch {
		case len(p.Events)+f.sure < most:
			f.consider(of, got, first)
		case ask > 0:
			f.consider(of, got, first)
			ask--
		case len(f.subs) == 1 || f.mayMatch(got):
			rest += of.count
		}
	}
	rest += f.sift(p, first, most)
	f.saved -= float64(len(p.Events))
	slices.Reverse(p.Events)
	return rest
}

// sift moves the newest of what was found of one batch to the page, and returns
// how many more there are.
func (f *Follower) sift(p *Page, first uint64, most int) (rest uint64) {
	for len(p.Events) < most && f.takeNewest(p, first) {
	}
	for i := range f.found {
		rest += f.found[i].rest(f, first)
	}
	f.found, f.sure = f.found[:0], 0
	return rest
}

func (f *Follower) mayMatch(got signature) bool {
	return slices.ContainsFunc(f.subs, func(s subscription) bool { return s.wants&^got == 0 })
}

// found is a group of which some subscription selects something, and what is
// left of it.
type found struct {
	*group
	part part
	by   uint16 // subscriptions, a bit each
	at   uint64 // its newest event that is left
	left uint64 // events, those before first too
}

// consider adds a group to what is found.
func (f *Follower) consider(g *group, got signature, first uint64) {
	if g.newest < first {
		return
	}
	most, by, like := none, uint16(0), f.hub.ring.events[g.newest&f.hub.ring.mask]
	for i := range f.subs {
		if s := &f.subs[i]; s.wants&^got == 0 {
			if part := s.of(g, like); part != none {
				most, by = max(most, part), by|1<<i
			}
		}
	}
	if most == all {
		f.sure++ // the newest event of this group at least
		if g.oldest < first {
			most = some
		}
	}
	if most != none {
		f.found = append(f.found, found{g, most, by, g.newest, g.count})
	}
}

// takeNewest moves the newest event that was found to the page. It reports false
// when there is none.
func (f *Follower) takeNewest(p *Page, first uint64) bool {
	var newest *found
	for i := range f.found {
		if g := &f.found[i]; g.at >= first && (newest == nil || g.at > newest.at) {
			newest = g
		}
	}
	if newest == nil {
		return false
	}
	f.take(p, newest.at)
	newest.at = f.hub.ring.previous[newest.at&f.hub.ring.mask]
	newest.left--
	return true
}

// rest is how many events that are left a subscription selects.
func (g *found) rest(f *Follower, first uint64) (n uint64) {
	if g.part == all {
		return g.left
	}
	r := &f.hub.ring
	for ; g.at >= first; g.at = r.previous[g.at&r.mask] {
		duration := r.durations[g.at&r.mask]
		for mask := g.by; mask != 0; mask &= mask - 1 {
			if s := &f.subs[bits.TrailingZeros16(mask)]; g.at >= s.from && s.filter.within(duration) {
				n++
				break
			}
		}
	}
	return n
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
		p.Events = append(p.Events, Matched{Event: e, Subscriptions: ids, next: at + 1})
	}
}

// showsOpen reports whether a subscription can select flows that are open.
func (f *Follower) showsOpen() bool {
	return slices.ContainsFunc(f.subs, func(s subscription) bool { return !s.filter.settled() })
}

// tell says what is not given: at once when it was overtaken, else not more often
// than tellEvery.
func (f *Follower) tell(p *Page, overtaken uint64) {
	if f.gap {
		p.Dropped = append(p.Dropped, Dropped{Reason: Gap})
	}
	if overtaken > 0 {
		p.Dropped = append(p.Dropped, Dropped{Overtaken, overtaken})
	}
	if now := time.Now(); f.rated > 0 && now.Sub(f.told) >= tellEvery {
		p.Dropped = append(p.Dropped, Dropped{Rate, f.rated})
		f.rated, f.told = 0, now
	}
}
