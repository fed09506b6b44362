package flow

import (
	"fmt"
	"sync"
	"time"

	"github.com/flowscope/flowscope/internal/sketch"
)

// Anomaly is a flow that was unlike the others of its name: longer than three
// times what is usual, or failed of what none failed of before.
type Anomaly struct {
	Time      time.Time     `json:"time"`
	Operation string        `json:"operation"` // the name of its first operation
	Kind      string        `json:"kind"`      // "latency" or "error"
	TraceID   TraceID       `json:"trace_id"`
	Duration  time.Duration `json:"duration"`
	Usual     time.Duration `json:"usual"`           // what 95 % of these flows do not exceed
	Error     string        `json:"error,omitempty"` // the pattern that is new
}

const (
	anomalyKey = "flow.anomaly"
	// maxAnomalies is how many are listed, and maxHabits of how many names it is
	// known what is usual, in about 10 KiB each.
	maxAnomalies = 100
	maxHabits    = 200
	maxFailures  = 32
	// anomalyFactor is how many times the usual is an anomaly, and anomalyFloor
	// what it has to be longer at least: schedulers and collectors take
	// milliseconds from the fastest, too.
	anomalyFactor = 3
	anomalyFloor  = time.Millisecond
	// A habit is learned from so many flows at least and looked at anew so often.
	habitFlows = 100
	habitEvery = time.Minute
	// habitWeight is what the newest minute weighs: what lasts for ten minutes
	// is the new habit.
	habitWeight = 1. / 8
)

// habits is what is usual.
type habits struct {
	naming sync.RWMutex
	byName map[string]*habit

	mu     sync.Mutex
	newest [maxAnomalies]Anomaly // a circle
	total  int64
}

// habit is what is usual for the flows of one name.
type habit struct {
	mu       sync.Mutex
	began    int64 // Unix ns, of what is being learned
	learning sketch.Recorder
	learned  int
	usual    float64 // ns, the 95th percentile; 0 is not known yet
	failures map[string]bool
	spared   int // flows until a new failure is an anomaly
}

// WithAnomalies marks flows that are unlike the others of their name with the
// attribute flow.anomaly, keeps them whatever the sampler said, and lists them
// (Tracker.Anomalies). What is usual is learned from the flows themselves: the
// 95th percentile of those that succeeded, from a hundred on, the last minutes
// weighing most. Of failures the pattern counts (ErrorPattern); the first
// hundred flows of a name may fail as they like.
func WithAnomalies() Option { return option(func(c *config) { c.anomalies = true }) }

// Anomalies returns the newest anomalies, the newest first, and how many there
// were since the tracker was made.
func (t *Tracker) Anomalies() (newest []Anomaly, total int64) {
	h := t.observer.habits
	if h == nil {
		return nil, 0
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for n := h.total - 1; n >= max(0, h.total-maxAnomalies); n-- {
		newest = append(newest, h.newest[n%maxAnomalies])
	}
	return newest, h.total
}

// of is the habit of a name, nil when there are too many names.
func (h *habits) of(name string) *habit {
	h.naming.RLock()
	found, full := h.byName[name], len(h.byName) >= maxHabits
	h.naming.RUnlock()
	if found != nil || full {
		return found
	}
	h.naming.Lock()
	defer h.naming.Unlock()
	found = h.byName[name]
	if found == nil && len(h.byName) < maxHabits {
		found = &habit{spared: habitFlows, failures: map[string]bool{}}
		h.byName[name] = found
	}
	return found
}

// judge compares a complete run with the others of its name. failure is the
// pattern it failed of, empty when it did not. The caller holds the run's lock.
func (h *habits) judge(r *run, at int64, failure string) {
	head := &r.first[0]
	name := kept(head.name, maxKey)
	known := h.of(name)
	if known == nil {
		return
	}
	a := Anomaly{
		Time: time.Unix(0, at), Operation: name, TraceID: r.trace, Duration: time.Duration(head.end - head.start),
	}
	if failure != "" {
		if !known.failed(failure) {
			return
		}
		a.Kind, a.Error, a.Usual = "error", failure, known.is()
	} else {
		var odd bool
		if a.Usual, odd = known.succeeded(at, a.Duration); !odd {
			return
		}
		a.Kind = "latency"
	}
	r.odd = true
	mark := String(anomalyKey, a.String())
	head.setLocked(&mark)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.newest[h.total%maxAnomalies] = a
	h.total++
}

// String is the anomaly in words.
func (a Anomaly) String() string {
	if a.Kind == "error" {
		return "new error: " + a.Error
	}
	return fmt.Sprintf("latency: %.1f times the usual %v", float64(a.Duration)/float64(a.Usual), a.Usual.Round(time.Microsecond))
}

// failed notes a failure and reports whether it is one that has not been before.
func (h *habit) failed(failure string) (isNew bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.spared = max(h.spared-1, 0)
	if h.failures[failure] || len(h.failures) >= maxFailures {
		return false
	}
	h.failures[failure] = true
	return h.spared == 0
}

func (h *habit) is() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return time.Duration(h.usual)
}

// succeeded learns from a duration and compares it with what was usual.
func (h *habit) succeeded(at int64, took time.Duration) (usual time.Duration, odd bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	usual = time.Duration(h.usual)
	odd = usual > 0 && took > anomalyFactor*usual && took > usual+anomalyFloor
	h.spared = max(h.spared-1, 0)
	if h.learned == 0 {
		h.began = at
	}
	h.learning.Add(int64(took))
	h.learned++
	if h.learned >= habitFlows && (h.usual == 0 || at-h.began >= int64(habitEvery)) {
		var s sketch.Sketch
		h.learning.AddTo(&s)
		newest := max(s.Quantile(.95), 1)
		if h.usual == 0 {
			h.usual = newest
		} else {
			h.usual += (newest - h.usual) * habitWeight
		}
		h.learning, h.learned = sketch.Recorder{}, 0
	}
	return usual, odd
}
