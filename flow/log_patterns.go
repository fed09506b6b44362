package flow

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// ErrorPattern is one kind of error: a message without the numbers, ids and
// quoted texts that differ each time.
type ErrorPattern struct {
	Pattern string    `json:"pattern"`
	Failed  int64     `json:"failed"` // flows that failed of it
	Logged  int64     `json:"logged"` // records of level ERROR that say it
	First   time.Time `json:"first"`
	Last    time.Time `json:"last"`
	Message string    `json:"message"` // the newest, as it was
	TraceID TraceID   `json:"trace_id,omitzero"`
}

// maxPatterns bounds the table; what comes later is counted as "(other)". Two
// hundred kinds of errors are more than anybody reads, and take 200 KiB at most.
const maxPatterns = 200

// patterns counts errors. The zero value is ready to use.
type patterns struct {
	mu     sync.Mutex
	byText map[string]*ErrorPattern
}

// ErrorPatterns returns what flows failed of and what was logged as an error
// through Logger or NewHandler, the most frequent first.
func (t *Tracker) ErrorPatterns() []ErrorPattern {
	p := &t.observer.patterns
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]ErrorPattern, 0, len(p.byText))
	for _, e := range p.byText {
		out = append(out, *e)
	}
	slices.SortFunc(out, func(a, b ErrorPattern) int {
		return cmp.Or(cmp.Compare(b.Failed+b.Logged, a.Failed+a.Logged), cmp.Compare(a.Pattern, b.Pattern))
	})
	return out
}

func (p *patterns) failed(message, text string, id TraceID, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.noteLocked(message, text, id, at).Failed++
}

func (p *patterns) logged(message string, id TraceID, at time.Time) {
	text := pattern(message)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.noteLocked(message, text, id, at).Logged++
}

func (p *patterns) noteLocked(message, text string, id TraceID, at time.Time) *ErrorPattern {
	e := p.byText[text]
	if e == nil && len(p.byText) >= maxPatterns {
		text = otherName
		e = p.byText[text]
	}
	if e == nil {
		if p.byText == nil {
			p.byText = map[string]*ErrorPattern{}
		}
		e = &ErrorPattern{Pattern: text, First: at}
		p.byText[text] = e
	}
	if at.After(e.Last) {
		e.Last = at
	}
	e.Message = kept(message, maxPattern)
	if !id.IsZero() {
		e.TraceID = id
	}
	return e
}

// cause is what a failed run says that it failed of: what the operation says
// that began last among the failed ones, which is where the failure came from.
// The caller holds the run's lock.
func (r *run) cause() string {
	var message string
	for i := range r.len {
		o := r.op(i)
		if x := o.moreOrNil(); o.status == Failed && x != nil && x.message != "" {
			message = x.message
		}
	}
	if message == "" {
		message = r.first[0].name + " failed"
	}
	return message
}
