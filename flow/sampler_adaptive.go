package flow

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// Adaptive keeps as many flows as have so many operations a second together,
// and measures the others. While there are fewer, all are kept.
//
// What the flows that begin would cost is measured each second: how many began,
// times the operations that flows had lately. That load is followed at once
// when it rises, and when it falls by half of the difference each second.
// The share that is kept is budget/load, chosen by trace id as Ratio does. In
// the second in which a load appears the share is not right yet: then the
// budget itself is the limit, and what comes after it is used up is measured
// until the second is over. So a second seldom has more than the budget, by
// what flows had more operations than the ones before.
//
// Flows that are kept because they failed or were slow come on top. The number
// of operations in a flow is that of all the tracker's flows, also where
// Adaptive decides about some of them.
func Adaptive(budget float64) Sampler {
	if !(budget > 0) { // nor is NaN
		return Measure
	}
	s := &adaptive{budget: min(budget, math.MaxInt32), began: time.Now(), mean: 1}
	s.below.Store(math.MaxUint64)
	s.charge.Store(1)
	s.left.Store(int64(math.Ceil(s.budget)))
	s.turn.Store(int64(adaptEvery))
	return s
}

// adaptEvery is how often the share is worked out anew.
const adaptEvery = time.Second

// fallKeeps is what remains after a second of the difference to a load that has
// fallen. A rise is followed at once: too much costs more than too little.
const fallKeeps = .5

type adaptive struct {
	budget float64
	began  time.Time

	below  atomic.Uint64 // which trace ids are kept
	charge atomic.Int64  // operations that a flow is taken to have
	left   atomic.Int64  // operations that this second may still keep
	turn   atomic.Int64  // when the next second begins, ns after began

	flows      atomic.Int64 // that began since the last turn
	done       atomic.Int64 // flows that ended since
	operations atomic.Int64 // that they had

	mu   sync.Mutex
	last int64   // ns after began, of the last turn
	mean float64 // operations of a flow
	load float64 // operations a second
}

func (s *adaptive) String() string { return fmt.Sprintf("%v operations a second", s.budget) }

func (s *adaptive) Sample(b Beginning) Decision {
	if now := int64(time.Since(s.began)); now >= s.turn.Load() {
		s.adapt(now)
	}
	s.flows.Add(1)
	if traceNumber(b.TraceID) >= s.below.Load() || s.left.Add(-s.charge.Load()) < 0 {
		return Measure
	}
	return Keep
}

func (s *adaptive) ended(operations int64, kept bool) {
	s.done.Add(1)
	s.operations.Add(operations)
	if kept {
		s.left.Add(s.charge.Load() - operations) // what it was not charged when it began
	}
}

// adapt works out the share to keep from the time since the last turn.
func (s *adaptive) adapt(now int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now < s.turn.Load() { // another goroutine has
		return
	}
	seconds := float64(now-s.last) / float64(time.Second)
	s.last = now
	if ended := s.done.Swap(0); ended > 0 {
		s.mean += (float64(s.operations.Swap(0))/float64(ended) - s.mean) / 2
	}
	offered := float64(s.flows.Swap(0)) / seconds * s.mean
	if offered >= s.load {
		s.load = offered
	} else {
		s.load = offered + (s.load-offered)*math.Pow(fallKeeps, seconds)
	}
	s.below.Store(ratioBound(s.budget / s.load)) // a load of zero is kept in full
	s.charge.Store(max(int64(math.Round(s.mean)), 1))
	s.left.Store(int64(math.Ceil(s.budget)))
	s.turn.Store(now + int64(adaptEvery))
}
