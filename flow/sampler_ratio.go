package flow

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Sample makes a Decision the Sampler that always comes to it:
// ByOperation(map[string]Sampler{"GET /healthz": flow.Drop}, ...).
func (d Decision) Sample(Beginning) Decision { return d }

// String is the decision in a word.
func (d Decision) String() string {
	switch d {
	case Keep:
		return "keep"
	case Measure:
		return "measure"
	default:
		return "drop"
	}
}

// orKeep is s, and for nil the Sampler that keeps all.
func orKeep(s Sampler) Sampler {
	if s == nil {
		return Keep
	}
	return s
}

type ratio struct {
	share float64
	below uint64
}

// Ratio keeps a share of the flows, from 0 to 1, and measures the others. It
// goes by the trace id alone, in the way of OpenTelemetry's TraceIDRatioBased:
// services with the same ratio keep the same flows, and one with a smaller
// ratio keeps some of those that one with a larger one keeps.
func Ratio(share float64) Sampler { return ratio{share, ratioBound(share)} }

func (s ratio) String() string { return fmt.Sprintf("ratio %v", s.share) }

// ratioBound is below what the number of a trace id is for a share of all of
// them. The number has 63 bits.
func ratioBound(share float64) uint64 {
	switch {
	case share >= 1:
		return math.MaxUint64
	case share > 0: // and not NaN
		return uint64(share * (1 << 63))
	default:
		return 0
	}
}

func (s ratio) Sample(b Beginning) Decision {
	if traceNumber(b.TraceID) < s.below {
		return Keep
	}
	return Measure
}

// traceNumber is what ratios go by: the random part that W3C Trace Context asks
// of trace ids is at their end.
func traceNumber(id TraceID) uint64 { return binary.BigEndian.Uint64(id[8:]) >> 1 }

type parentBased struct{ root Sampler }

// ParentBased does for a flow that comes from another service what that one
// did: kept flows are kept, others measured. Those that begin here are root's
// to decide. With it a flow is kept everywhere or nowhere.
func ParentBased(root Sampler) Sampler { return parentBased{orKeep(root)} }

func (s parentBased) Sample(b Beginning) Decision {
	switch {
	case !b.Parent.Valid():
		return s.root.Sample(b)
	case b.Parent.Sampled:
		return Keep
	default:
		return Measure
	}
}

func (s parentBased) String() string { return fmt.Sprintf("parent, else %v", s.root) }

func (s parentBased) within() []Sampler { return []Sampler{s.root} }

type cheap struct{ of Sampler }

// Cheap drops what s would measure: the steps of those flows cost next to
// nothing and are in no statistics, and none of them is kept for having failed
// or been slow. The flows themselves are counted.
func Cheap(s Sampler) Sampler { return cheap{orKeep(s)} }

func (s cheap) Sample(b Beginning) Decision {
	if d := s.of.Sample(b); d != Measure {
		return d
	}
	return Drop
}

func (s cheap) String() string { return fmt.Sprintf("%v, cheap", s.of) }

func (s cheap) within() []Sampler { return []Sampler{s.of} }

// learner is a Sampler that learns from the flows that have ended.
type learner interface {
	// ended is told how many operations a flow had that was not dropped, and
	// whether it was to be kept when it began.
	ended(operations int64, kept bool)
}

// learners are those among a Sampler and the ones it is made of, each once.
func learners(s Sampler) []learner {
	var found []learner
	seen := map[learner]bool{}
	for rest := []Sampler{s}; len(rest) > 0; {
		s, rest = rest[0], rest[1:]
		if l, learns := s.(learner); learns && !seen[l] {
			seen[l] = true
			found = append(found, l)
		}
		if made, ok := s.(interface{ within() []Sampler }); ok {
			rest = append(rest, made.within()...)
		}
	}
	return found
}
