package demo

import "sync/atomic"

// Stats counts what the demo has done so far.
type Stats struct {
	// FlowsSent is the number of user actions that have ended; FlowsFailed of them the user saw fail.
	FlowsSent, FlowsFailed uint64
	// Batches is the number of queue batches processed in a trace of their own. FlowsSent + Batches traces exist in all.
	Batches uint64
	// SpansSent is the number of spans the receiver has acknowledged.
	SpansSent uint64
	// SpansFailed is the number of spans given up on after ExportErrors failed exports (each retried before it counts).
	SpansFailed, ExportErrors uint64
	// SpansDropped is the number of ended spans that never reached an exporter because a buffer was full. Known once Run has returned.
	SpansDropped uint64
}

// counters is Stats in the making; all instances share one.
type counters struct {
	flowsSent, flowsFailed, batches    atomic.Uint64
	spansEnded, spansSent, spansFailed atomic.Uint64
	exportErrors, spansDropped         atomic.Uint64
	receiverDown                       atomic.Bool
}

// settle fixes the number of dropped spans, which is what is left when nothing is under way any more.
func (c *counters) settle() {
	if ended, handled := c.spansEnded.Load(), c.spansSent.Load()+c.spansFailed.Load(); ended > handled {
		c.spansDropped.Store(ended - handled)
	}
}

// Stats may be called at any time, also while Run runs.
func (d *Demo) Stats() Stats {
	c := &d.counters
	return Stats{
		FlowsSent:    c.flowsSent.Load(),
		FlowsFailed:  c.flowsFailed.Load(),
		Batches:      c.batches.Load(),
		SpansSent:    c.spansSent.Load(),
		SpansFailed:  c.spansFailed.Load(),
		ExportErrors: c.exportErrors.Load(),
		SpansDropped: c.spansDropped.Load(),
	}
}
