package flow

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// Objective is what an operation promises: that the share Target of its flows
// is good, which is not failed and not longer than Latency.
type Objective struct {
	Target  float64       `json:"target"`            // such as .999, above 0 and below 1
	Latency time.Duration `json:"latency,omitempty"` // 0 is any
	Window  time.Duration `json:"window"`            // over which the promise holds; 0 is 30 days
}

const (
	defaultWindow = 30 * 24 * time.Hour
	minWindow     = 24 * time.Hour
	maxWindow     = 90 * 24 * time.Hour
	// maxObjectives bounds the table: an objective of the longest window takes
	// 41 KiB.
	maxObjectives = 100
)

// Validate reports what is wrong with an objective.
func (o *Objective) Validate() error {
	switch {
	case !(o.Target > 0 && o.Target < 1): // nor is NaN
		return fmt.Errorf("read objective: target %v is not between 0 and 1", o.Target)
	case o.Latency < 0:
		return fmt.Errorf("read objective: latency %v is negative", o.Latency)
	case o.Window != 0 && (o.Window < minWindow || o.Window > maxWindow):
		return fmt.Errorf("read objective: window %v is not from 1 to 90 days", o.Window)
	}
	return nil
}

// SLO has an operation counted against an objective from now on. The operation
// is the name of flows, "POST /checkout", or what they were said to be
// (flow.operation). All flows count, whatever is sampled. Setting it again
// begins anew.
//
//	err := tracker.SLO("checkout", flow.Objective{Target: .999, Latency: 300 * time.Millisecond})
func (t *Tracker) SLO(operation string, o Objective) error {
	operation = kept(operation, maxKey)
	if operation == "" {
		return errors.New("set objective: the operation has no name")
	}
	if err := o.Validate(); err != nil {
		return err
	}
	o.Window = cmp.Or(o.Window, defaultWindow)
	w := &t.observer
	w.setting.Lock()
	defer w.setting.Unlock()
	grown := map[string]*slo{}
	if old := w.slos.Load(); old != nil {
		maps.Copy(grown, *old)
	}
	if _, known := grown[operation]; !known && len(grown) >= maxObjectives {
		return errTooManySLOs
	}
	grown[operation] = newSLO(operation, o, t.now())
	w.slos.Store(&grown)
	w.on.Store(true)
	return nil
}

var errTooManySLOs = errors.New("set objective: there are 100 already")

// SLOStatus is how an operation does against its objective, as far as this
// process has seen it.
type SLOStatus struct {
	Operation string `json:"operation"`
	Objective
	Since time.Time `json:"since"` // counting began
	Good  int64     `json:"good"`  // flows of the window
	Bad   int64     `json:"bad"`
	// Remaining is the share of the window's error budget that is left: 1 when
	// nothing was bad, 0 when it is used up, negative beyond.
	Remaining float64 `json:"remaining"`
	// Burn is how fast it is used up lately.
	Burn []BurnRate `json:"burn"`
	// Alert is "page" when the budget burns so fast that somebody has to look
	// now, "ticket" when it will not last for the window, else empty.
	Alert string `json:"alert,omitempty"`
}

// BurnRate is how fast an error budget is used up: at 1 it lasts exactly for
// the objective's window, at 14.4 a thirty-day one is gone in fifty hours.
type BurnRate struct {
	Over time.Duration `json:"over"`
	Good int64         `json:"good"`
	Bad  int64         `json:"bad"`
	Rate float64       `json:"rate"`
}

// SLOs returns how all operations with an objective do, by name.
func (t *Tracker) SLOs() []SLOStatus {
	all := t.observer.slos.Load()
	if all == nil {
		return nil
	}
	out := make([]SLOStatus, 0, len(*all))
	now := t.now().UnixNano()
	for _, name := range slices.Sorted(maps.Keys(*all)) {
		out = append(out, (*all)[name].status(now))
	}
	return out
}

// slo counts the flows of an operation, by the minute as long as burn rates
// look at minutes, and by the hour for the rest.
type slo struct {
	operation string
	objective Objective
	since     time.Time

	mu      sync.Mutex
	minutes tallies
	hours   tallies
}

func newSLO(operation string, o Objective, now time.Time) *slo {
	return &slo{
		operation: operation, objective: o, since: now,
		minutes: newTallies(time.Minute, 6*time.Hour), hours: newTallies(time.Hour, max(o.Window, longestBurn)),
	}
}

// count counts a flow that ended at a time, Unix ns as now is.
func (s *slo) count(at, now int64, took time.Duration, failed bool) {
	good := !failed && (s.objective.Latency == 0 || took <= s.objective.Latency)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.minutes.add(min(at, now), now, good)
	s.hours.add(min(at, now), now, good)
}

// longestBurn is the last of burnWindows.
const longestBurn = 72 * time.Hour

// burnWindows are those of the multiwindow alerts of Google's Site Reliability
// Workbook, chapter "Alerting on SLOs", table 5-8: a budget of thirty days
// loses 2 % in an hour, 5 % in six hours or 10 % in three days. A short window, a twelfth
// of the long one, has to burn, too, so that an alert ends with its cause.
func burnWindows() [5]time.Duration {
	return [...]time.Duration{5 * time.Minute, 30 * time.Minute, time.Hour, 6 * time.Hour, longestBurn}
}

// alerts are rows of that table: indexes of burnWindows and the share of the
// budget that is lost.
func alerts() [3]struct {
	short, long int
	lost        float64
	alert       string
} {
	return [...]struct {
		short, long int
		lost        float64
		alert       string
	}{
		{0, 2, .02, "page"},
		{1, 3, .05, "page"},
		{3, 4, .10, "ticket"},
	}
}

func (s *slo) status(now int64) SLOStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := SLOStatus{Operation: s.operation, Objective: s.objective, Since: s.since}
	out.Good, out.Bad = s.hours.sum(now, s.objective.Window)
	out.Remaining = 1 - s.rate(out.Good, out.Bad)
	windows := burnWindows()
	for _, over := range windows {
		from := &s.minutes
		if over > 6*time.Hour {
			from = &s.hours
		}
		b := BurnRate{Over: over}
		b.Good, b.Bad = from.sum(now, over)
		b.Rate = s.rate(b.Good, b.Bad)
		out.Burn = append(out.Burn, b)
	}
	for _, a := range alerts() {
		// What burns the share in the long window; slower than 1 is no loss.
		limit := max(a.lost*float64(s.objective.Window)/float64(windows[a.long]), 1)
		if out.Alert == "" && out.Burn[a.long].Rate >= limit && out.Burn[a.short].Rate >= limit {
			out.Alert = a.alert
		}
	}
	return out
}

// rate is the share of bad flows in units of what the objective allows.
func (s *slo) rate(good, bad int64) float64 {
	if bad == 0 {
		return 0
	}
	return float64(bad) / float64(good+bad) / (1 - s.objective.Target)
}

// tallies count good and bad over the last so many steps of time.
type tallies struct {
	step   int64 // ns
	newest int64 // the number of the newest step that was counted in
	ring   []tally
}

type tally struct{ good, bad int64 }

func newTallies(step, over time.Duration) tallies {
	return tallies{step: int64(step), ring: make([]tally, int(over/step)+1)} // the newest is not whole
}

// at is the tally of a step, which is below 0 before 1970.
func (t *tallies) at(n int64) *tally {
	size := int64(len(t.ring))
	return &t.ring[(n%size+size)%size]
}

// add counts at a time that is not after now.
func (t *tallies) add(at, now int64, good bool) {
	t.rewind(now / t.step)
	n := at / t.step
	for ; t.newest < n; t.newest++ {
		if behind := n - t.newest; behind > int64(len(t.ring)) {
			t.newest = n - int64(len(t.ring))
		}
		*t.at(t.newest + 1) = tally{}
	}
	if n <= t.newest-int64(len(t.ring)) {
		return // older than what is looked at
	}
	if good {
		t.at(n).good++
	} else {
		t.at(n).bad++
	}
}

// rewind forgets steps that are not yet, for a clock that was set back. Calls that
// cross may be a step apart.
func (t *tallies) rewind(present int64) {
	if t.newest <= present+1 {
		return
	}
	for n := max(present+1, t.newest-int64(len(t.ring))+1); n <= t.newest; n++ {
		*t.at(n) = tally{}
	}
	t.newest = present
}

// sum is the count of the time before now, the steps at both ends as far as
// they are there.
func (t *tallies) sum(now int64, over time.Duration) (good, bad int64) {
	last := now / t.step
	for n := max(last-int64(over)/t.step, t.newest-int64(len(t.ring))+1); n <= min(last, t.newest); n++ {
		good += t.at(n).good
		bad += t.at(n).bad
	}
	return good, bad
}
