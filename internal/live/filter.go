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
	operation, environment, services := e.labels()
	if (f.Operation != "" && operation != f.Operation) || (f.Environment != "" && environment != f.Environment) {
		return false
	}
	return f.matchesOutcome(e) && f.matchesService(services)
}

func (f *Filter) matchesOutcome(e Event) bool {
	if !f.settled() {
		return true
	}
	return e.Flow != nil && (f.Status == nil || e.Flow.Status == *f.Status) &&
		e.Flow.Duration >= int64(f.MinDuration) && (f.MaxDuration == 0 || e.Flow.Duration <= int64(f.MaxDuration))
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

// A signature is what an event is like in 64 bits, so that a follower rules out
// nearly all events that do not match by one comparison each, of numbers that
// lie next to each other. An event can match a filter only when it has all the
// bits that the filter wants.
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

func hashBit(seed maphash.Seed, text string, first, bits uint64) signature {
	return 1 << (first + maphash.String(seed, text)%bits)
}

// durationBits has a bit for each step that d reaches.
func durationBits(d int64) (s signature) {
	step := int64(time.Millisecond)
	for i := 0; i < durationSteps && d >= step; i++ {
		s |= 1 << (durationBit + i)
		step *= 4
	}
	return s
}

// sign is the signature of an event.
func sign(seed maphash.Seed, e Event) (s signature) {
	operation, environment, services := e.labels()
	s = hashBit(seed, operation, operationBit, serviceBit-operationBit) |
		hashBit(seed, environment, environmentBit, operationBit-environmentBit)
	for _, n := range services {
		s |= hashBit(seed, n.Name, serviceBit, 64-serviceBit)
	}
	if e.Flow != nil {
		s |= 1 | 1<<(statusBit+e.Flow.Status) | durationBits(e.Flow.Duration)
	}
	return s
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
		s |= hashBit(seed, f.Operation, operationBit, serviceBit-operationBit)
	}
	if f.Environment != "" {
		s |= hashBit(seed, f.Environment, environmentBit, operationBit-environmentBit)
	}
	if f.Service != "" {
		s |= hashBit(seed, f.Service, serviceBit, 64-serviceBit)
	}
	return s
}
