package flow

import (
	"sync"
	"sync/atomic"
	"time"
)

// observer is what looks at flows when they are complete. While there is nothing
// that does, a flow that succeeds pays for one flag.
type observer struct {
	on       atomic.Bool
	learners []learner
	patterns patterns
	habits   *habits // nil unless they were asked for

	caches named[CacheCounter]
	limits named[LimitCounter]
	pools  pools

	setting sync.Mutex
	slos    atomic.Pointer[map[string]*slo] // by operation; replaced when one is set
}

// begin sets up what options asked for.
func (o *observer) begin(c *config) {
	o.learners = learners(c.sampler)
	if c.anomalies {
		o.habits = &habits{byName: map[string]*habit{}}
	}
	o.on.Store(len(o.learners) > 0 || c.anomalies)
}

// completed looks at a run that is complete, before it is decided whether it is
// kept and before its record is made. The caller holds the run's lock; nothing
// here calls code of others but the clock.
func (o *observer) completed(r *run, now int64) {
	if o.on.Load() || r.first[0].status == Failed {
		o.look(r, r.past(r.first[0].end, now))
	}
}

func (o *observer) look(r *run, at int64) {
	head := &r.first[0]
	failure := ""
	if head.status == Failed {
		message := r.cause()
		failure = pattern(message)
		o.patterns.failed(message, failure, r.trace, time.Unix(0, at))
	}
	if all := o.slos.Load(); all != nil {
		countObjectives(*all, r, at, failure != "")
	}
	if o.habits != nil {
		o.habits.judge(r, at, failure)
	}
	if r.decision != Drop {
		for _, l := range o.learners {
			l.ended(int64(r.made), r.decision == Keep)
		}
	}
}

// countObjectives counts a run against the objectives of its name and of what it was said
// to be. They are two: callers may say what they like.
func countObjectives(slos map[string]*slo, r *run, at int64, failed bool) {
	head := &r.first[0]
	took := time.Duration(head.end - head.start)
	name, called := plain(head.name, maxKey), plain(r.called, maxKey)
	if s := slos[name]; s != nil {
		s.count(at, r.tracker.now().UnixNano(), took, failed)
	}
	if called == name {
		return
	}
	if s := slos[called]; s != nil {
		s.count(at, r.tracker.now().UnixNano(), took, failed)
	}
}
