package flow

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"
)

// chromeEvent is an event of Chrome's trace event format. Times are decimal
// numbers of µs, written from whole ns.
type chromeEvent struct {
	Name  string         `json:"name"`
	Phase string         `json:"ph"`
	Scope string         `json:"s,omitempty"`
	At    json.Number    `json:"ts,omitempty"`
	Took  json.Number    `json:"dur,omitempty"`
	PID   int            `json:"pid"`
	TID   int            `json:"tid"`
	Args  map[string]any `json:"args,omitempty"`
}

// WriteChrome writes flows as one JSON object in Chrome's trace event format,
// which ui.perfetto.dev and chrome://tracing open. Each flow is a process in
// it. Its operations lie in lanes, which are threads there: an operation is in
// its caller's lane, and in another one where it ran beside a sibling or longer
// than its caller. Times are µs since the start of the first flow, which
// otherData says; they have three decimals, so no nanosecond is lost.
func WriteChrome(w io.Writer, flows ...Trace) error {
	out := bufio.NewWriter(w)
	zero := begin(flows)
	about, err := json.Marshal(map[string]string{"start": zero.UTC().Format(time.RFC3339Nano)})
	if err != nil {
		return fmt.Errorf("encode flow: %w", err)
	}
	fmt.Fprintf(out, `{"displayTimeUnit":"ns","otherData":%s,"traceEvents":[`, about)
	separator := "\n"
	for i, f := range flows {
		for _, e := range chromeEvents(f, i+1, zero) {
			text, err := json.Marshal(e)
			if err != nil {
				return fmt.Errorf("encode flow: %w", err)
			}
			_, _ = out.WriteString(separator) // Flush returns the error
			_, _ = out.Write(text)
			separator = ",\n"
		}
	}
	fmt.Fprint(out, "\n]}\n")
	return out.Flush()
}

// begin is when the first operation of all began.
func begin(flows []Trace) time.Time {
	var first time.Time
	for i := range flows {
		for n := range flows[i].Spans {
			if at := flows[i].Spans[n].Start; first.IsZero() || at.Before(first) {
				first = at
			}
		}
	}
	return first
}

func chromeEvents(f Trace, pid int, zero time.Time) []chromeEvent {
	lanes, count := lanesOf(timeline(f.Spans))
	events := []chromeEvent{{Name: "process_name", Phase: "M", PID: pid, Args: map[string]any{
		"name": f.Operation() + " " + f.TraceID.String(),
	}}}
	for lane := range count {
		events = append(events, chromeEvent{Name: "thread_name", Phase: "M", PID: pid, TID: lane + 1, Args: map[string]any{
			"name": fmt.Sprintf("lane %d", lane+1),
		}})
	}
	for i := range f.Spans {
		s := &f.Spans[i]
		events = append(events, chromeEvent{
			Name: s.Name, Phase: "X", PID: pid, TID: lanes[i] + 1,
			At: micros(int64(s.Start.Sub(zero))), Took: micros(max(0, int64(s.Duration))), Args: chromeArgs(s),
		})
		for _, e := range s.Events {
			events = append(events, chromeEvent{
				Name: e.Name, Phase: "i", Scope: "t", PID: pid, TID: lanes[i] + 1,
				At: micros(int64(e.Time.Sub(zero))), Args: tags(e.Attrs),
			})
		}
	}
	return events
}

// chromeArgs are the attributes and what else there is to know.
func chromeArgs(s *Span) map[string]any {
	args := tags(s.Attrs)
	if args == nil {
		args = map[string]any{}
	}
	args["span_id"] = s.SpanID.String()
	if !s.ParentID.IsZero() {
		args["parent_id"] = s.ParentID.String()
	}
	if failure := s.failure(); failure != "" {
		args["error"] = failure
	}
	return args
}

// micros is ns as µs, all of them.
func micros(ns int64) json.Number {
	sign := ""
	if ns < 0 {
		sign, ns = "-", -ns
	}
	return json.Number(fmt.Sprintf("%s%d.%03d", sign, uint64(ns)/1000, uint64(ns)%1000))
}

// lanes hold operations so that each lies within the one below it, which is
// its caller or one above that.
type lanes struct {
	ops  []timed
	open [][]int // of each lane, the operations that run, the innermost last
}

// lanesOf returns the lane of each operation, and how many there are.
func lanesOf(ops []timed) (lane []int, count int) {
	order := make([]int, len(ops))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(ops[a].start, ops[b].start), cmp.Compare(ops[b].duration, ops[a].duration))
	})
	lane = make([]int, len(ops))
	l := lanes{ops: ops}
	for _, i := range order {
		wish := 0
		if p := ops[i].parent; p >= 0 {
			wish = lane[p]
		}
		lane[i] = l.place(i, wish)
	}
	return lane, len(l.open)
}

// place adds an operation to the lane it wishes, else to the first that it fits.
func (l *lanes) place(i, wish int) int {
	to := len(l.open)
	if wish < len(l.open) && l.fits(wish, i) {
		to = wish
	} else {
		for n := range l.open {
			if l.fits(n, i) {
				to = n
				break
			}
		}
	}
	if to == len(l.open) {
		l.open = append(l.open, nil)
	}
	l.open[to] = append(l.open[to], i)
	return to
}

// fits reports whether an operation may lie in a lane. Operations come in the
// order they began, so those that ended before are out of its way for good.
func (l *lanes) fits(lane, i int) bool {
	open := l.open[lane]
	for len(open) > 0 && l.ops[open[len(open)-1]].end() <= l.ops[i].start {
		open = open[:len(open)-1]
	}
	l.open[lane] = open
	if len(open) == 0 {
		return true
	}
	top := open[len(open)-1]
	return l.ops[top].end() >= l.ops[i].end() && above(l.ops, top, i)
}

// above reports whether an operation is a caller of another, or of its callers.
func above(ops []timed, caller, i int) bool {
	for p := ops[i].parent; p >= 0; p = ops[p].parent {
		if p == caller {
			return true
		}
	}
	return false
}
