package assemble

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/model"
)

// Subscriber is given every flow that is counted: by itself, or in place of
// one that was counted before and is now known better. It is called by the
// goroutine of Run, one call at a time, and holds up all others.
type Subscriber = func(f, replaces *model.Flow)

// Assembler gathers spans into traces. Observe, Barrier, OpenFlows,
// Stats and Close may be called by any goroutine.
type Assembler struct {
	cfg         Config
	analyzer    *analyze.Analyzer
	lookup      Lookup
	subscribers []Subscriber
	watcher     Watcher // nil when there is none

	queue   *queue
	asks    chan model.TraceID
	answers chan answer
	views   views
	closing chan struct{}
	done    chan struct{} // closed when Run has returned
	once    sync.Once
	started atomic.Bool

	gauges   gauges
	counters counters

	// The rest belongs to Run.
	began     time.Time
	traces    map[model.TraceID]*trace
	settling  list // complete as far as is known, or late
	waiting   list // for their root
	asking    list // for what the store knows of them
	lingering list // counted
	asked     *trace
	asksMade  int64
	asksDone  int64     // those made first
	barriers  []barrier // in order
	memory    memory
	bytes     int64
	scratch   model.Trace // of whole
	shows     int         // traces that are shown
	behind    []*trace    // to be shown again
}

// New returns an Assembler that does nothing until Run. The analyzer is its
// own from now on.
func New(c Config, analyzer *analyze.Analyzer, l Lookup, subscribers ...Subscriber) *Assembler {
	c = c.withDefaults()
	return &Assembler{
		cfg: c, analyzer: analyzer, lookup: l, subscribers: subscribers,
		queue: newQueue(c.QueueBytes), asks: make(chan model.TraceID), answers: make(chan answer),
		closing: make(chan struct{}), done: make(chan struct{}), views: views{turn: make(chan struct{}, 1)},
		began: time.Now(), traces: map[model.TraceID]*trace{}, memory: newMemory(c.MaxRemembered, c.Remember),
	}
}

// Seed remembers traces that were counted before a restart: all of those that
// began at or after since, Unix ns. It is called before Run.
func (a *Assembler) Seed(since int64, ids []model.TraceID) {
	a.memory.since = since
	for _, id := range ids {
		a.memory.add(id, a.began, a.now())
	}
	a.publishGauges()
}

// Observe takes up the spans of a sealed batch. It blocks while too much is
// waiting, and drops the batch once Run has ended or Close was called: the log
// brings it back.
func (a *Assembler) Observe(b *model.Batch) { a.queue.put(event{batch: b, size: int64(b.Size())}) }

// Barrier calls done, in the goroutine of Run, when all that was observed
// before is taken up and its late spans are counted, with the traces that are
// not counted. It does not block. Once Run has ended or Close was called done
// is never called.
func (a *Assembler) Barrier(done func(open []model.TraceID)) { a.queue.put(event{barrier: done}) }

// Run works until ctx ends or Close is called. Traces that are open then are
// not analysed. It may be called once.
func (a *Assembler) Run(ctx context.Context) error {
	if a.started.Swap(true) {
		return errors.New("assemble: Run was called before")
	}
	defer close(a.done)
	defer a.queue.close()
	ctx, cancel := context.WithCancel(ctx)
	var asker sync.WaitGroup
	asker.Go(func() { a.answerAsks(ctx) })
	defer asker.Wait()
	defer cancel()

	timer := time.NewTimer(a.untilDue())
	defer timer.Stop()
	for a.step(ctx, timer.C) {
		a.finishDue()
		a.passBarriers()
		a.showBehind()
		a.publishGauges()
		timer.Reset(a.untilDue())
	}
	return nil
}

// step deals with one thing that happens, and reports false at the end.
func (a *Assembler) step(ctx context.Context, tick <-chan time.Time) bool {
	asks, next := a.nextAsk()
	select {
	case <-ctx.Done():
		return false
	case <-a.closing:
		return false
	case <-tick:
	case <-a.queue.ready:
		for _, e := range a.queue.take() {
			a.handle(e)
		}
	case asks <- next:
		a.asked = a.asking.head
		a.asked.unlink()
	case answer := <-a.answers:
		a.answered(answer)
	}
	return true
}

// Close ends Run and waits for it. It may be called any number of times.
func (a *Assembler) Close() error {
	a.once.Do(func() {
		close(a.closing)
		a.queue.close()
	})
	if a.started.Load() {
		<-a.done
	}
	return nil
}

// now is the time since the Assembler was made: it does not jump as clocks do.
func (a *Assembler) now() time.Duration { return time.Since(a.began) }

func (a *Assembler) handle(e event) {
	switch {
	case e.barrier != nil:
		a.raise(e.barrier)
	case e.open != nil:
		e.open <- a.openFlows()
	default:
		a.take(e.batch, e.size)
	}
}

// take adds the spans of a batch to their traces.
func (a *Assembler) take(b *model.Batch, size int64) {
	h := &held{batch: b, size: size}
	now := a.now()
	for from := 0; from < b.Len(); {
		to := from + 1
		for to < b.Len() && b.TraceIDs[to] == b.TraceIDs[from] {
			to++
		}
		a.add(b.TraceIDs[from], h, from, to, now)
		from = to
	}
	if h.refs > 0 {
		a.bytes += size
	}
	a.makeRoom()
}

// add adds a run of rows to the trace they belong to.
func (a *Assembler) add(id model.TraceID, h *held, from, to int, now time.Duration) {
	t := a.traces[id]
	if t == nil {
		t = &trace{id: id, since: now, counted: a.memory.has(id)}
		a.traces[id] = t
		a.watch(t)
	}
	if t.list == &a.lingering {
		t.since = now
	}
	if t.counted {
		a.counters.late.Add(int64(to - from))
	}
	if room := a.cfg.MaxSpans - t.len; to-from > room {
		a.counters.dropped.Add(int64(to - from - room))
		to = from + room
	}
	if to > from {
		t.add(h, from, to)
		a.grow(t, h, from, to, now)
	}
	t.touched = now
	switch {
	case t == a.asked || t.list == &a.asking: // its time comes with the answer
	case now-t.since >= a.cfg.MaxAge:
		a.finish(t)
	case t.counted || t.rootEnded:
		a.settling.push(t)
	default:
		a.waiting.push(t)
	}
}
