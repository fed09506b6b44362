package assemble

import "sync/atomic"

// Stats is what an Assembler is doing and has done since it began.
type Stats struct {
	Open       int64 // traces not yet counted, or with late spans that are not
	Lingering  int64 // counted traces whose spans are kept
	Remembered int64 // ids of counted traces
	Bytes      int64 // of batches held
	QueueBytes int64 // of batches not taken up

	Analysed  int64 // traces counted for the first time
	Late      int64 // spans of traces that were counted already
	Corrected int64 // flows replaced because of late spans
	Unchanged int64 // times late spans had all been counted before
	Forced    int64 // traces analysed or let go early for lack of memory
	Dropped   int64 // spans that are in no flow
}

type gauges struct{ open, lingering, remembered, bytes atomic.Int64 }

type counters struct{ analysed, late, corrected, unchanged, forced, dropped atomic.Int64 }

// Stats may be called by any goroutine at any time.
func (a *Assembler) Stats() Stats {
	return Stats{
		Open: a.gauges.open.Load(), Lingering: a.gauges.lingering.Load(),
		Remembered: a.gauges.remembered.Load(), Bytes: a.gauges.bytes.Load(), QueueBytes: a.queue.size(),
		Analysed: a.counters.analysed.Load(), Late: a.counters.late.Load(),
		Corrected: a.counters.corrected.Load(), Unchanged: a.counters.unchanged.Load(),
		Forced: a.counters.forced.Load(), Dropped: a.counters.dropped.Load(),
	}
}

func (a *Assembler) publishGauges() {
	a.gauges.open.Store(int64(len(a.traces) - a.lingering.len))
	a.gauges.lingering.Store(int64(a.lingering.len))
	a.gauges.remembered.Store(int64(a.memory.len()))
	a.gauges.bytes.Store(a.bytes)
}
