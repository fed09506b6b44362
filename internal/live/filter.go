package live

import (
	"hash/maphash"
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

// Filter selects events. Zero fields select everything. What is not known of an
// open flow yet does not match: a condition on status or duration selects
// flows that were counted only.
type Filter struct {
	CompleteOnly bool
	Operation    string
	Environment  string
	Service      string // a service the flow reached
	Namespace    string // of that service
	Status       *model.FlowStatus
	MinDuration  time.Duration
	MaxDuration  time.Duration // 0 has no bound
}

// settled reports whether only counted flows can match.
func (f *Filter) settled() bool {
	return f.CompleteOnly || f.Status != nil || f.MinDuration > 0 || f.MaxDuration > 0
}

func (f *Filter) matches(e Event) bool {
	return f.matchesBut(e) && (e.Flow == nil || f.within(e.Flow.Duration))
}

// matchesBut is matches, whatever the duration.
func (f *Filter) matchesBut(e Event) bool {
	operation, environment, services := e.labels()
	switch {
	case f.Operation != "" && operation != f.Operation:
	case f.Environment != "" && environment != f.Environment:
	case f.settled() && e.Flow == nil:
	case f.Status != nil && e.Flow.Status != *f.Status:
	default:
		return f.matchesService(services)
	}
	return false
}

func (f *Filter) matchesService(services []model.Node) bool {
	if f.Service == "" && f.Namespace == "" {
		return true
	}
	for _, n := range services {
		if (f.Service == "" || n.Name == f.Service) && (f.Namespace == "" || n.Namespace == f.Namespace) {
			return true
		}
	}
	return false
}

// within reports whether flows that took so long match.
func (f *Filter) within(duration int64) bool {
	return duration >= int64(f.MinDuration) && (f.MaxDuration == 0 || duration <= int64(f.MaxDuration))
}

// A signature is what an event is like in 64 bits, so that a follower rules out
// nearly all that do not match by one comparison of numbers. An event can match
// a filter only when it has all the bits that the filter wants.
//
//	bits  0     complete
//	      1-3   status
//	      4-13  lasted at least 1 ms, 4 ms, 16 ms, ... 262 s
//	     14-23  environment, one bit by hash
//	     24-43  operation, one bit by hash
//	     44-63  services, one bit each by hash of the name
type signature uint64

const (
	statusBit      = 1
	durationBit    = 4
	environmentBit = 14
	operationBit   = 24
	serviceBit     = 44
	durationSteps  = 10
)

func bitOf(hash uint64, first, bits uint64) signature { return 1 << (first + hash%bits) }

// durationBits has a bit for each step that d reaches.
func durationBits(d int64) (s signature) {
	step := int64(time.Millisecond)
	for i := 0; i < durationSteps && d >= step; i++ {
		s |= 1 << (durationBit + i)
		step *= 4
	}
	return s
}

// describe is the signature of an event, and a hash of all that filters ask for
// except its duration.
func describe(seed maphash.Seed, e Event) (s signature, key uint64) {
	mix := func(hash uint64) { key = (key ^ hash) * 0x9e3779b97f4a7c15; key ^= key >> 32 }
	operation, environment, services := e.labels()
	of, in := maphash.String(seed, operation), maphash.String(seed, environment)
	s = bitOf(of, operationBit, serviceBit-operationBit) | bitOf(in, environmentBit, operationBit-environmentBit)
	mix(of)
	mix(in)
	for _, n := range services {
		hash := maphash.String(seed, n.Name)
		s |= bitOf(hash, serviceBit, 64-serviceBit)
		mix(hash)
		mix(maphash.String(seed, n.Namespace))
	}
	if e.Flow != nil {
		s |= 1 | 1<<(statusBit+e.Flow.Status) | durationBits(e.Flow.Duration)
		mix(uint64(e.Flow.Status) + 1)
	}
	return s, key
}

// wants is the bits that events must have to match.
func (f *Filter) wants(seed maphash.Seed) (s signature) {
	if f.settled() {
		s = 1 | durationBits(int64(f.MinDuration))
	}
	if f.Status != nil {
		s |= 1 << (statusBit + *f.Status)
	}
	if f.Operation != "" {
		s |= bitOf(maphash.String(seed, f.Operation), operationBit, serviceBit-operationBit)
	}
	if f.Environment != "" {
		s |= bitOf(maphash.String(seed, f.Environment), environmentBit, operationBit-environmentBit)
	}
	if f.Service != "" {
		s |= bitOf(maphash.String(seed, f.Service), serviceBit, 64-serviceBit)
	}
	return s
}
