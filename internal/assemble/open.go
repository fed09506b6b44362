package assemble

import (
	"context"
	"errors"
	"time"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/model"
)

const (
	// maxOpen traces are looked at for one view, and maxPeeked spans of each:
	// some milliseconds of Run's time.
	maxOpen   = 1000
	maxPeeked = 200
	// viewAge is how long a view answers those who ask.
	viewAge = 200 * time.Millisecond
)

// views keeps the last view of what is open, so that many who ask cost as much
// as one.
type views struct {
	turn chan struct{} // has room for the one who looks
	last model.OpenFlows
}

var errEnded = errors.New("assemble: Run has ended")

// OpenFlows returns what is known of the traces that are not counted, of at
// most the 1,000 that spans came of last. It is up to 200 ms old. It waits for
// what was observed before to be taken up, and fails when ctx ends before.
func (a *Assembler) OpenFlows(ctx context.Context) (model.OpenFlows, error) {
	select {
	case a.views.turn <- struct{}{}:
		defer func() { <-a.views.turn }()
	case <-ctx.Done():
		return model.OpenFlows{}, ctx.Err()
	}
	if time.Since(a.views.last.At) < viewAge {
		return a.views.last, nil
	}
	answer := make(chan model.OpenFlows, 1)
	a.queue.put(event{open: answer})
	select {
	case a.views.last = <-answer:
		return a.views.last, nil
	case <-a.done:
		return model.OpenFlows{}, errEnded
	case <-ctx.Done():
		return model.OpenFlows{}, ctx.Err()
	}
}

// openFlows lists the traces that wait for more, those touched last first. The
// lists they are on are in that order.
func (a *Assembler) openFlows() model.OpenFlows {
	out := model.OpenFlows{At: time.Now(), Total: a.settling.len + a.waiting.len}
	s, w := a.settling.tail, a.waiting.tail
	for len(out.List) < maxOpen && (s != nil || w != nil) {
		t := s
		if s == nil || (w != nil && w.touched > s.touched) {
			t, w = w, w.prev
		} else {
			s = s.prev
		}
		if t.counted {
			out.Total--
			continue
		}
		out.List = append(out.List, a.peek(t))
	}
	return out
}

// peek is what is known of an open trace.
func (a *Assembler) peek(t *trace) *model.OpenFlow {
	if t.shown != nil {
		return a.analyzer.Open(&t.shown.glimpse, t.id)
	}
	var g analyze.Glimpse
	left := maxPeeked
	for _, r := range t.runs {
		for row := r.from; row < r.to && left > 0; row++ {
			a.analyzer.Peek(&g, r.held.batch.Span(int(row)))
			left--
		}
	}
	f := a.analyzer.Open(&g, t.id)
	f.SpanCount = uint32(t.len)
	return f
}
