package flow

import (
	"context"
	"time"
)

// Flows returns the finished flows that are kept, the newest first, at most
// limit of them; 0 is all.
func (t *Tracker) Flows(limit int) []Trace {
	first, next := t.history.bounds()
	if limit > 0 && next-first > uint64(limit) {
		first = next - uint64(limit)
	}
	return t.between(first, next, limit)
}

// between returns the flows of these numbers, the newest first, and of those that
// were kept meanwhile as many as go with them, within the limit.
func (t *Tracker) between(first, next uint64, limit int) (out []Trace) {
	for first < next {
		records, after, _ := t.history.read(first)
		if limit > 0 {
			records = records[max(0, len(records)-limit):]
		}
		out = append(out, t.decoded(records)...)
		if after <= first {
			break
		}
		first = after
	}
	if limit > 0 {
		out = out[max(0, len(out)-limit):]
	}
	for i, j := 0, len(out)-1; i < j; i, j = i+1, j-1 {
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// Follow calls each with every flow that is kept from now on, in order, with
// how many went by before it unseen because each took too long. It returns when
// each returns false or ctx ends.
func (t *Tracker) Follow(ctx context.Context, each func(f Trace, missed uint64) bool) error {
	_, next := t.history.bounds()
	for {
		if err := t.history.wait(ctx, next); err != nil {
			return err
		}
		records, after, missed := t.history.read(next)
		next = after
		for _, f := range t.decoded(records) {
			if !each(f, missed) {
				return nil
			}
			missed = 0
		}
	}
}

// Active is a flow that runs.
type Active struct {
	TraceID TraceID
	Name    string // of its first operation as it is now
	Start   time.Time
	Elapsed time.Duration
	Current string // the operation that began last and has not ended
	Steps   int    // operations that were begun
	Failed  int    // of them, so far
	Lasting bool   // the first operation has ended, others run on
	Attrs   []Attr // of the first operation, so far
}

// Active returns the flows that run, the newest first within each shard of the
// tracker; in all, at most limit of them; 0 is all.
func (t *Tracker) Active(limit int) []Active {
	runs := t.running()
	if limit > 0 && len(runs) > limit {
		runs = runs[:limit]
	}
	out := make([]Active, 0, len(runs))
	for _, r := range runs {
		if a, runs := r.active(); runs {
			out = append(out, a)
		}
	}
	return out
}

// running lists the runs that are not complete.
func (t *Tracker) running() []*run {
	var all []*run
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		for r := s.newest; r != nil; r = r.after {
			all = append(all, r)
		}
		s.mu.Unlock()
	}
	return all
}

func (r *run) active() (a Active, runs bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done {
		return a, false
	}
	head := &r.first[0]
	a = Active{
		TraceID: r.trace, Name: head.name, Start: time.Unix(0, r.wall+head.start), Elapsed: time.Duration(r.now() - head.start),
		Current: head.name, Steps: int(r.made), Lasting: r.ended,
	}
	for i := range r.len {
		o := r.op(i)
		if !o.ended {
			a.Current = o.name
		}
		if o.status == Failed {
			a.Failed++
		}
	}
	a.Attrs = decodeAttrs(head.encoded())
	return a, true
}
