package assemble

import (
	"slices"
	"time"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/model"
)

// Watcher is shown traces while they grow. The goroutine of Run calls it.
type Watcher interface {
	// Watch reports whether a trace that is new is to be shown, when so many
	// are already. It is asked for every trace.
	Watch(shown int) bool
	// Show is given what is known of a trace, for the first time or again.
	Show(f *model.OpenFlow, began bool)
	// Flush is called when nothing more is to be done for a moment. What was
	// shown, and the flows that subscribers were given, are to go out.
	Flush()
}

// showEvery is the shortest time between two shows of a trace.
const showEvery = 250 * time.Millisecond

// shown is what was seen of a trace that is shown.
type shown struct {
	glimpse analyze.Glimpse
	at      time.Duration // when it was shown
	behind  bool          // it is in Assembler.behind
}

// ShowTo has traces shown to w. It is called before Run.
func (a *Assembler) ShowTo(w Watcher) { a.watcher = w }

// watch begins to show a new trace, if somebody looks.
func (a *Assembler) watch(t *trace) {
	if a.watcher != nil && !t.counted && a.watcher.Watch(a.shows) {
		t.shown = &shown{}
		a.shows++
	}
}

// grow shows the rows that came to a trace, or has showBehind do it.
func (a *Assembler) grow(t *trace, h *held, from, to int, now time.Duration) {
	s := t.shown
	if s == nil {
		return
	}
	began := t.len == to-from
	for row := from; row < to; row++ {
		a.analyzer.Peek(&s.glimpse, h.batch.Span(row))
	}
	switch {
	case began || now-s.at >= showEvery:
		a.show(t, began, now)
	case !s.behind:
		s.behind = true
		a.behind = append(a.behind, t)
	}
}

func (a *Assembler) show(t *trace, began bool, now time.Duration) {
	t.shown.at = now
	a.watcher.Show(a.analyzer.Open(&t.shown.glimpse, t.id), began)
}

// showBehind shows the traces that grew too soon after they were shown.
func (a *Assembler) showBehind() {
	now := a.now()
	a.behind = slices.DeleteFunc(a.behind, func(t *trace) bool {
		if t.shown == nil { // it was counted
			return true
		}
		if now-t.shown.at < showEvery {
			return false
		}
		t.shown.behind = false
		a.show(t, false, now)
		return true
	})
	if a.watcher != nil {
		a.watcher.Flush()
	}
}

// unshow ends the showing of a trace.
func (a *Assembler) unshow(t *trace) {
	if t.shown != nil {
		t.shown = nil
		a.shows--
	}
}
