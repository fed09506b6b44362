package flow

import "math"

// drawn is a step of a drawing: all operations of one name below the same step.
// Siblings and retries are one step with a count. A step that is reached again
// from within itself is one step, too: its time goes back there, and no longer
// passes through those between.
type drawn struct {
	name   string
	above  int // the step it was called in, -1 for none
	parent int // the step its time comes from, above or -1
	depth  int // the column, from 0

	value, source, self int64 // ns: all it has, what came from no step, what it kept

	took          int64 // ns: its calls together, but for those within it
	calls, failed int
	members       int // steps it stands for: 1, and more for "others"

	level    int // how many are above
	children []int
}

// The dashboard's limits: as many names as can be read, as many columns as
// anyone scrolls through.
const (
	maxDrawn   = 60
	maxColumns = 24
)

// steps makes steps of operations. What lies deeper than can be drawn is part of
// the last step above it.
func steps(traces []Trace) []drawn {
	var list []drawn
	type below struct {
		step int
		name string
	}
	known := map[below]int{}
	for i := range traces {
		spans := traces[i].Spans
		ops := timeline(spans)
		shares := allot(ops)
		stepOf := make([]int, len(spans))
		for n := range spans {
			above := -1
			if ops[n].parent >= 0 {
				above = stepOf[ops[n].parent]
			}
			key := below{above, spans[n].Name}
			step, within := around(list, above, spans[n].Name)
			found := within
			if !found {
				step, found = known[key]
			}
			tooDeep := !found && above >= 0 && list[above].level+1 >= maxColumns
			switch {
			case tooDeep:
				step = above
			case !found:
				step = len(list)
				list = append(list, newDrawn(list, spans[n].Name, above))
				known[key] = step
			}
			stepOf[n] = step
			s := &list[step]
			s.source += shares.source[n]
			s.self += shares.self[n]
			if spans[n].Status == Failed {
				s.failed++
			}
			if !tooDeep {
				s.calls++
			}
			if !tooDeep && !within {
				s.took += ops[n].duration
			}
		}
	}
	settle(list)
	return list
}

// timeline is operations as the division of time sees them. A parent that comes
// after its child is none.
func timeline(spans []Span) []timed {
	ops := make([]timed, len(spans))
	known := make(map[SpanID]int, len(spans))
	for i := range spans {
		s := &spans[i]
		parent, found := known[s.ParentID]
		if !found {
			parent = -1
		}
		start := s.Start.UnixNano()
		ops[i] = timed{parent: parent, start: start, duration: min(max(0, int64(s.Duration)), math.MaxInt64-max(0, start))}
		known[s.SpanID] = i
	}
	return ops
}

func newDrawn(list []drawn, name string, above int) drawn {
	s := drawn{name: name, above: above, parent: above, members: 1}
	if above >= 0 {
		s.level = list[above].level + 1
		list[above].children = append(list[above].children, len(list))
	}
	return s
}

// around finds the step of that name that an operation below another is within.
func around(list []drawn, above int, name string) (step int, found bool) {
	for s := above; s >= 0; s = list[s].above {
		if list[s].name == name {
			return s, true
		}
	}
	return 0, false
}

// settle adds values up from the leaves and finds the columns. A step that no
// time came to from the one above begins a flow of its own.
func settle(list []drawn) {
	for i := range list {
		list[i].value = list[i].self
	}
	for i := len(list) - 1; i >= 0; i-- {
		s := &list[i]
		if s.parent < 0 {
			continue
		}
		// More came from no step than stayed: the rest went back to a step
		// around, by a folded loop.
		back := max(0, s.source-s.value)
		s.source -= back
		list[s.parent].source += back
		list[s.parent].value += s.value - s.source
	}
	for i := range list {
		s := &list[i]
		if s.value == s.source {
			s.parent = -1
		}
		if s.parent >= 0 {
			s.depth = list[s.parent].depth + 1
		}
	}
}

// callOrder is the steps depth first, those of one parent as they were first called.
func callOrder(list []drawn) []int {
	var order, open []int
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].parent < 0 {
			open = append(open, i)
		}
	}
	for len(open) > 0 {
		i := open[len(open)-1]
		open = open[:len(open)-1]
		order = append(order, i)
		for n := len(list[i].children) - 1; n >= 0; n-- {
			if c := list[i].children[n]; list[c].parent == i {
				open = append(open, c)
			}
		}
	}
	return order
}
