package analyze

import (
	"cmp"
	"math/rand/v2"

	"github.com/flowscope/flowscope/internal/model"
)

// Analyzer turns traces into flows. It keeps names, what it has learned, and
// scratch memory between traces. It belongs to one goroutine.
type Analyzer struct {
	known   map[string]key
	sources map[*model.Batch]*source
	last    *source
	names   names
	habits  habits
	shapes  shapes
	work    work

	// showing says that calls nobody answered go to the services that habits
	// say they were meant for. See Resolve why they do not when counting.
	showing bool
}

// New returns an Analyzer that has learned nothing yet.
func New(c Config) *Analyzer {
	return &Analyzer{
		known:   knownKeys(c.operationAttributes()),
		sources: map[*model.Batch]*source{},
		names:   newNames(cmp.Or(c.MaxNames, defaultMaxNames)),
		habits:  newHabits(),
		shapes:  shapes{known: map[string]shape{}},
		work:    work{seed: rand.Uint64() | 1},
	}
}

// Flow analyses what is known of a trace, which must have a span. The same
// spans yield the same flow as long as nothing is learned in between.
func (a *Analyzer) Flow(t *model.Trace) *model.Flow {
	a.analyse(t)
	f := a.flow(t)
	clear(a.work.spans) // they hold batches in memory
	a.work.about = about{}
	return f
}

// Count is Flow for a trace that is seen for the first time, not for one that
// late spans have changed: it also learns from it what is usual.
func (a *Analyzer) Count(t *model.Trace) *model.Flow {
	f := a.Flow(t)
	a.learn(f.End)
	return f
}

// analyse works the trace out in a.work. Each step rests on those before it.
func (a *Analyzer) analyse(t *model.Trace) {
	a.load(t)
	w := &a.work
	w.link()
	w.order()
	w.selfTimes()
	w.criticalPath()
	a.findCalls()
	a.markRetries()
	a.markBreaks()
}
