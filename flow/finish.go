package flow

import (
	"sync"
	"time"

	"github.com/flowscope/flowscope/internal/inprocess"
)

// finish ends an operation at a time of its run. When it was the last one of a
// flow whose first operation has ended, the flow is complete.
func (o *Op) finish(at, now int64) {
	r := o.run
	r.mu.Lock()
	defer r.mu.Unlock()
	if !o.over() {
		o.finishLocked(at, now)
	}
}

// finishLocked is finish for an operation that has not ended. The caller holds
// the run's lock.
func (o *Op) finishLocked(at, now int64) {
	r := o.run
	o.ended, o.end = true, max(at, o.start)
	if o.loose || r.done {
		r.late(o, now)
	}
	if o.loose {
		if o.own != nil {
			o.own.putBack()
			o.own = nil
		}
		return
	}
	r.open--
	if r.done {
		r.release()
		return
	}
	if o.parent == nil {
		r.ended = true
		if r.open > 0 && !r.tracker.sweep.watch() {
			r.complete(now)
			return
		}
	}
	if r.ended && r.open == 0 {
		r.complete(now)
	}
}

// complete counts the run's operations, makes its record, and gives its memory
// back unless something runs on in it. The caller holds the run's lock.
func (r *run) complete(now int64) {
	r.done = true
	if !r.ignored {
		r.account(now)
	}
	r.release()
}

func (r *run) account(now int64) {
	t := r.tracker
	for i := range r.len {
		r.op(i).resolve(&t.steps)
	}
	t.observer.completed(r, now)
	r.kept = t.keeps(r)
	tap := t.tap.Load()
	r.shard.end(r, &r.first[0], now)
	if !r.kept && tap == nil {
		return
	}
	d := drafts.Get().(*draft) //nolint:errcheck,forcetypeassert // it holds nothing else
	defer drafts.Put(d)
	d.at, d.near, d.record = r.moment(now), r.shard.number, d.record[:0]
	for i := range r.len {
		if o := r.op(i); o.ended { // what runs on is late
			d.record = appendSpan(d.record, o)
		}
	}
	t.store(d, r.kept, tap)
}

// abandonAfter is how long a flow may run on when there is no room for new ones.
const abandonAfter = time.Minute

// abandon completes a run that seems to have been forgotten, so that those who
// never end their flows do not end the recording of others. It reports whether
// it has.
func (r *run) abandon() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	head, now := &r.first[0], r.now()
	if r.done || r.ignored || time.Duration(now-head.start) < abandonAfter {
		return false
	}
	if !head.ended {
		a := Bool("flow.abandoned", true)
		head.setLocked(&a)
		head.status = Failed
		head.messageLocked("timeout: the flow did not end")
		head.ended, head.end = true, now
		r.open--
		r.ended = true
	}
	r.complete(now)
	return true
}

// draft is a record on its way into a ring.
type draft struct {
	record []byte
	at     int64  // when it was complete, ns
	near   uint32 // the number of its run's shard
}

//nolint:gochecknoglobals // a pool has to outlive those who use it
var drafts = sync.Pool{New: func() any { return &draft{} }}

// moment is a time of the run among the times of all runs, in ns. A clock that
// stands still, for a test, tells none apart.
func (r *run) moment(at int64) int64 {
	if r.tracker.cfg.clock != nil {
		return time.Now().UnixNano()
	}
	return int64(r.at.Sub(r.tracker.began)) + at
}

// past is a time of the run, Unix ns, or now if it is not yet: whoever says when
// an operation ended may be wrong, and what counts by time must not wait for it.
func (r *run) past(at, now int64) int64 { return r.wall + min(at, now) }

// store hands a record to the history and to who analyses flows.
func (t *Tracker) store(d *draft, keep bool, tap *ring) {
	if keep {
		kept := t.history.append(d)
		if !kept && t.history.holds() {
			t.tooBig.Add(1)
		}
		t.send(d, kept)
	}
	if tap != nil && !tap.append(d) {
		t.untapped.Add(1)
		tap.ready()
	}
}

// send hands a record to the exporters, unless they find it in the history.
func (t *Tracker) send(d *draft, kept bool) {
	sent := kept
	if t.outbox != nil && t.outbox != t.history {
		sent = t.outbox.append(d)
	}
	if !sent {
		for _, r := range t.runners {
			r.drop()
		}
	}
}

// keeps decides whether a run that has ended is kept: because the sampler said
// so, or because it failed, was slow or unlike others. Without a history or an
// exporter there is nowhere to keep it.
func (t *Tracker) keeps(r *run) bool {
	switch {
	case r.decision == Drop || !t.history.holds() && t.outbox == nil:
		return false
	case r.decision == Keep:
		return true
	}
	if r.odd || r.failed {
		return true
	}
	head := &r.first[0]
	if t.cfg.slow > 0 && time.Duration(head.end-head.start) >= t.cfg.slow {
		return true
	}
	for i := range r.len {
		o := r.op(i)
		if o.status == Failed {
			return true
		}
	}
	return false
}

// late counts an operation that is not part of its run's record, and keeps it
// beside a record that was made already.
func (r *run) late(o *Op, now int64) {
	if r.ignored {
		return
	}
	t := r.tracker
	o.resolve(&t.steps)
	r.shard.count(o, now)
	if !r.done {
		r.failed = r.failed || o.status == Failed
		t.dropped.Add(1)
		return
	}
	tap := t.tap.Load()
	switch {
	case !r.kept && tap == nil:
	case r.lates >= maxLate:
		t.dropped.Add(1)
	default:
		r.lates++
		d := &draft{appendFlagged(nil, o, inprocess.LateFlags), r.moment(now), r.shard.number}
		t.store(d, r.kept, tap)
	}
}

// resolve finds the statistics that an operation is counted in: those of its
// name below its parent's.
func (o *Op) resolve(tree *stepTree) *step {
	if o.step != nil {
		return o.step
	}
	var above *step
	if o.parent != nil {
		above = o.parent.resolve(tree)
	}
	step := tree.find(above, o.name)
	if o.parent != nil || o.run.done { // the first one's name may still change
		o.step = step
	}
	return step
}

const (
	// lingerFor is how long a flow waits for its last operations after its first
	// has ended. Then they are late.
	lingerFor = 30 * time.Second
	sweepFor  = lingerFor / 6
)

// sweeper completes runs whose last operations do not end. It has a goroutine
// only while there are any.
type sweeper struct {
	tracker *Tracker
	mu      sync.Mutex
	timer   *time.Timer // set while there is something to wait for
	stopped bool
}

// watch has runs looked after that have begun to linger. It reports false after
// the tracker's Shutdown, when nobody does.
func (s *sweeper) watch() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer == nil && !s.stopped {
		s.timer = time.AfterFunc(sweepFor, s.look)
	}
	return !s.stopped
}

func (s *sweeper) look() {
	waiting := s.tracker.completeLingering(lingerFor)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timer = nil
	if waiting && !s.stopped {
		s.timer = time.AfterFunc(sweepFor, s.look)
	}
}

func (s *sweeper) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
}

// completeLingering completes the runs that have waited so long for their last
// operations and reports whether others still wait.
func (t *Tracker) completeLingering(least time.Duration) (waiting bool) {
	for _, r := range t.running() {
		r.mu.Lock()
		switch head, now := &r.first[0], r.now(); {
		case r.done || !r.ended:
		case time.Duration(now-head.end) >= least:
			r.complete(now)
		default:
			waiting = true
		}
		r.mu.Unlock()
	}
	return waiting
}
