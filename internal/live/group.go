package live

import (
	"cmp"
	"hash/maphash"
	"slices"
)

// maxBatch bounds how many events are grouped at a time.
const maxBatch = 4096

// group is the events of one batch that are alike in all that filters ask for
// except their duration. A follower decides about a group, not about its events:
// there are some tens of groups in hundreds or thousands of events.
type group struct {
	signature signature // all bits that one of the events has
	newest    uint64    // event; from it ring.previous leads to the others
	oldest    uint64    // event
	end       uint64    // event behind the batch
	count     uint64
	shortest  int64 // duration
	longest   int64
}

// batch is events on their way into the ring. Places in it count from 0.
type batch struct {
	events   []Event
	previous []int // place of the one before of the same group, -1 when there is none
	groups   []group
	known    map[uint64]int // group by hash
}

// group sorts events into groups, and these by their newest event.
func (b *batch) group(seed maphash.Seed, events []Event) {
	if b.known == nil {
		b.known = map[uint64]int{}
	}
	clear(b.known)
	b.events, b.previous, b.groups = events, b.previous[:0], b.groups[:0]
	for i, e := range events {
		s, key := describe(seed, e)
		at, found := b.known[key]
		if !found || !alike(e, events[b.groups[at].newest]) { // of two with one hash, one is alone
			b.known[key] = len(b.groups)
			d := e.duration()
			b.groups = append(b.groups, group{signature: s, newest: uint64(i), oldest: uint64(i), count: 1, shortest: d, longest: d})
			b.previous = append(b.previous, -1)
			continue
		}
		g := &b.groups[at]
		b.previous = append(b.previous, int(g.newest))
		g.newest, g.count = uint64(i), g.count+1
		g.signature |= s
		g.shortest, g.longest = min(g.shortest, e.duration()), max(g.longest, e.duration())
	}
	slices.SortFunc(b.groups, func(a, c group) int { return cmp.Compare(a.newest, c.newest) })
}

// alike reports whether no filter tells two events apart but by their duration.
func alike(a, b Event) bool {
	if (a.Flow == nil) != (b.Flow == nil) || (a.Flow != nil && a.Flow.Status != b.Flow.Status) {
		return false
	}
	operation, environment, services := a.labels()
	otherOperation, otherEnvironment, otherServices := b.labels()
	return operation == otherOperation && environment == otherEnvironment && slices.Equal(services, otherServices)
}

// part is how much of a group a subscription selects.
type part uint8

const (
	none part = iota
	some      // depends on the event
	all
)

// of is how much of a group a subscription selects; like is one of its events.
func (s *subscription) of(g *group, like Event) part {
	f := &s.filter
	switch {
	case s.from > g.newest, g.longest < int64(f.MinDuration), f.MaxDuration > 0 && g.shortest > int64(f.MaxDuration), !f.matchesBut(like):
		return none
	case s.from > g.oldest, !f.within(g.shortest), !f.within(g.longest):
		return some
	default:
		return all
	}
}
