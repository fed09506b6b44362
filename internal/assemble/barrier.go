package assemble

import "github.com/flowscope/flowscope/internal/model"

// barrier is a call of Barrier that waits for the late spans before it to be
// counted.
type barrier struct {
	done  func(open []model.TraceID)
	after int64 // asks that are to be answered first
}

// raise counts the late spans that came before a barrier: at once, or when the
// store has answered. What is counted, and when, is all that a restart has to
// tell them from spans that still have to be.
func (a *Assembler) raise(done func(open []model.TraceID)) {
	for t := a.settling.head; t != nil; {
		next := t.next
		if t.counted {
			a.finish(t)
		}
		t = next
	}
	a.barriers = append(a.barriers, barrier{done, a.asksMade})
	a.passBarriers()
}

// passBarriers lets through the barriers that wait for nothing any more.
func (a *Assembler) passBarriers() {
	for len(a.barriers) > 0 && a.asksDone >= a.barriers[0].after {
		a.barriers[0].done(a.open())
		a.barriers = a.barriers[1:]
	}
}

// open lists the traces that are not counted.
func (a *Assembler) open() []model.TraceID {
	open := make([]model.TraceID, 0, len(a.traces)-a.lingering.len)
	for id, t := range a.traces {
		if !t.counted {
			open = append(open, id)
		}
	}
	return open
}
