package flow

import (
	"sync/atomic"
	"time"
)

// observer is what looks at flows when they are complete. While there is nothing
// that does, a flow that succeeds pays for one flag.
type observer struct {
	on       atomic.Bool
	learners []learner
	patterns patterns
}

// begin sets up what options asked for.
func (o *observer) begin(c *config) {
	o.learners = learners(c.sampler)
	o.on.Store(len(o.learners) > 0)
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
	if head.status == Failed {
		message := r.cause()
		o.patterns.failed(message, pattern(message), r.trace, time.Unix(0, r.wall+head.end))
	}
	if r.decision != Drop {
		for _, l := range o.learners {
			l.ended(int64(r.made), r.decision == Keep)
		}
	}
}
