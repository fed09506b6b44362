package flow

import (
	"math"
	"runtime"
	"runtime/metrics"
	"time"
)

// Runtime is how Go's runtime does, from runtime/metrics: reading it stops
// nothing.
type Runtime struct {
	Goroutines int64  `json:"goroutines"`
	Threads    int64  `json:"threads"`     // of the system
	Processors int64  `json:"processors"`  // GOMAXPROCS
	Heap       uint64 `json:"heap"`        // bytes of objects, dead ones not swept yet included
	HeapLive   uint64 `json:"heap_live"`   // bytes that the last collection found in use
	HeapGoal   uint64 `json:"heap_goal"`   // bytes at which the next one ends
	Memory     uint64 `json:"memory"`      // bytes that the runtime has of the system
	Limit      uint64 `json:"limit"`       // GOMEMLIMIT; 0 is none
	Allocated  uint64 `json:"allocated"`   // bytes, since the start
	Collected  uint64 `json:"collections"` // garbage collections since the start
	// Pauses are those of collections since the start, within the runtime's own
	// histogram: durations are the upper bounds of its buckets.
	Pauses Pauses `json:"pauses"`
	// Waits are how long goroutines that could run waited for a processor.
	Waits Pauses    `json:"scheduler_waits"`
	At    time.Time `json:"at"`
}

// Pauses is a distribution of durations.
type Pauses struct {
	Count uint64        `json:"count"`
	P50   time.Duration `json:"p50"`
	P99   time.Duration `json:"p99"`
	Max   time.Duration `json:"max"`
}

// Runtime returns how Go's runtime does now.
func (t *Tracker) Runtime() Runtime {
	// Not /sched/goroutines, which counts the runtime's own, too.
	out := Runtime{At: t.now(), Goroutines: int64(runtime.NumGoroutine())}
	samples := []metrics.Sample{
		{Name: "/sched/threads/total:threads"}, {Name: "/sched/gomaxprocs:threads"},
		{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/heap/live:bytes"}, {Name: "/gc/heap/goal:bytes"},
		{Name: "/memory/classes/total:bytes"}, {Name: "/gc/gomemlimit:bytes"}, {Name: "/gc/heap/allocs:bytes"},
		{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/sched/pauses/total/gc:seconds"}, {Name: "/sched/latencies:seconds"},
	}
	metrics.Read(samples)
	number := func(i int) uint64 {
		if samples[i].Value.Kind() != metrics.KindUint64 { // a later Go may have left it out
			return 0
		}
		return samples[i].Value.Uint64()
	}
	out.Threads, out.Processors = int64(number(0)), int64(number(1))
	out.Heap, out.HeapLive, out.HeapGoal, out.Memory = number(2), number(3), number(4), number(5)
	if limit := number(6); limit < math.MaxInt64 {
		out.Limit = limit
	}
	out.Allocated, out.Collected = number(7), number(8)
	out.Pauses, out.Waits = pausesOf(&samples[9]), pausesOf(&samples[10])
	return out
}

func pausesOf(s *metrics.Sample) (p Pauses) {
	if s.Value.Kind() != metrics.KindFloat64Histogram {
		return p
	}
	h := s.Value.Float64Histogram()
	for _, n := range h.Counts {
		p.Count += n
	}
	var seen uint64
	for i, n := range h.Counts {
		if n == 0 {
			continue
		}
		before := seen
		seen += n
		top := h.Buckets[i+1]
		if math.IsInf(top, 1) {
			top = h.Buckets[i]
		}
		p.Max = time.Duration(top * float64(time.Second))
		if half := (p.Count + 1) / 2; before < half && half <= seen {
			p.P50 = p.Max
		}
		if most := p.Count - p.Count/100; before < most && most <= seen {
			p.P99 = p.Max
		}
	}
	return p
}
