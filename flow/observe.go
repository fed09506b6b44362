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
// here calls code of others.
func (o *observer) completed(r *run) {
	if o.on.Load() || r.first[0].status == Failed {
		o.look(r)
	}
}

func (o *observer) look(r *run) {
	head := &r.first[0]
	failure := ""
	if head.status == Failed {
		message := r.cause()
		failure = pattern(message)
		o.patterns.failed(message, failure, r.trace, time.Unix(0, r.wall+head.end))
	}
	if all := o.slos.Load(); all != nil {
		countObjectives(*all, r, failure != "")
	}
	if o.habits != nil {
		o.habits.judge(r, failure)
	}
	if r.decision != Drop {
		for _, l := range o.learners {
			l.ended(int64(r.made), r.decision == Keep)
		}
	}
}

// countObjectives counts a run against the objectives of its name and of what it was said
// to be. They are two: callers may say what they like.
func countObjectives(slos map[string]*slo, r *run, failed bool) {
	head := &r.first[0]
	at, took := r.wall+head.end, time.Duration(head.end-head.start)
	if s := slos[head.name]; s != nil {
		s.count(at, took, failed)
	}
	if r.called != "" && r.called != head.name {
		if s := slos[r.called]; s != nil {
			s.count(at, took, failed)
		}
	}
}
