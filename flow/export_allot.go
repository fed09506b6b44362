package flow

import (
	"math"
	"slices"
)

// shares is how the time of a flow is divided among its operations, so that
// nothing is counted twice and nothing is lost. The dashboard divides in the same way
// (web/src/model/allot.ts), and a test holds both to the same figures. For each
// operation, in whole nanoseconds,
//
//	inflow = what its children get + self.
//
// A parent hands on the time during which any child ran, as far as that lies
// within its own; what remains is its self. Children that ran in parallel are
// scaled down by one factor to the time they took together. What a child did
// outside of its parent's time is its source: nobody handed it on. A first
// operation's source is its duration.
type shares struct{ inflow, source, self []int64 }

// timed is an operation as the division sees it. Parents come before children.
type timed struct {
	parent          int // -1 for none
	start, duration int64
}

func (t timed) end() int64 { return t.start + t.duration }

func allot(ops []timed) shares {
	s := shares{inflow: make([]int64, len(ops)), source: make([]int64, len(ops)), self: make([]int64, len(ops))}
	children := make([][]int, len(ops))
	for i, op := range ops {
		s.source[i] = op.duration
		if op.parent >= 0 {
			children[op.parent] = append(children[op.parent], i)
		}
	}
	for i, op := range ops {
		if op.parent < 0 {
			s.inflow[i] = s.source[i]
		}
		s.self[i] = s.inflow[i] - s.handOn(ops, i, children[i])
	}
	return s
}

// handOn gives the children of an operation their inflow, and returns how much
// of the operation's own that took.
func (s *shares) handOn(ops []timed, i int, children []int) (handed int64) {
	if len(children) == 0 {
		return 0
	}
	from, until := ops[i].start, ops[i].end()
	lengths := make([]int64, len(children))
	var sum int64
	for n, c := range children {
		lengths[n] = max(0, min(until, ops[c].end())-max(from, ops[c].start))
		sum += lengths[n]
	}
	given := portion(s.inflow[i], union(ops, children, from, until), until-from)
	var passed int64
	for n, c := range children {
		passed += lengths[n]
		upTo := portion(given, passed, sum) // rounded from the beginning, so that parts add up
		s.source[c] = ops[c].duration - lengths[n]
		s.inflow[c] = upTo - handed + s.source[c]
		handed = upTo
	}
	return handed
}

// union is how long any of the operations ran between two moments.
func union(ops []timed, which []int, from, until int64) (covered int64) {
	sorted := slices.Clone(which)
	slices.SortStableFunc(sorted, func(a, b int) int {
		switch {
		case ops[a].start < ops[b].start:
			return -1
		case ops[a].start > ops[b].start:
			return 1
		}
		return 0
	})
	reached := from
	for _, i := range sorted {
		end := min(until, ops[i].end())
		covered += max(0, end-max(reached, ops[i].start))
		reached = max(reached, end)
	}
	return covered
}

// portion is total × part / whole. It rounds as the dashboard does, in floating point.
func portion(total, part, whole int64) int64 {
	switch whole {
	case 0:
		return 0
	case total:
		return part
	default:
		return int64(math.Round(float64(total) * (float64(part) / float64(whole))))
	}
}
