// Package assemble gathers spans into traces, has each analysed once it is
// complete, and hands what comes of it to its subscribers: the flow, and the
// flow it replaces when late spans change one that was counted before.
//
//	a := assemble.New(assemble.Config{}, analyzer, assemble.Lookup{...}, store.PutFlow, ...)
//	a.Seed(since, ids)  // traces counted before a restart
//	go a.Run(ctx)
//	a.Observe(batch)    // in the order of the write-ahead log
//
// A trace is analysed when its root has ended and no span came for a moment
// (Config.Quiet), or when its root is missing and no span came for long
// (Config.Deadline). Time is when spans arrive, not what they say.
//
// Nothing is counted twice. A counted trace is kept for Config.Linger, so that
// late spans are added to it and the difference handed on. After that only its
// id is kept, for Config.Remember. A late span of such a trace makes the
// assembler ask the store (Lookup) for the flow that was counted and for the
// spans it was counted from. A trace with no root, or one that began longer ago
// than ids are kept, is asked for too before it is counted as new. Spans that
// come a second time change nothing.
//
// A store writes down what is counted at a barrier, and after a restart hands
// over the open traces of the last one and what came after it. So a barrier
// waits for the late spans before it to be counted: of a counted trace, the
// spans before the barrier are those it was counted from (Lookup.Settled).
// Those of a trace that was counted since are known by the flow's SpanCount:
// all but the last to come.
//
// # Limits
//
// Batches are held while a trace of them is open or lingers, together at most
// Config.MaxBytes, in at most Config.MaxTraces traces. Over either limit the
// traces that linger longest are let go, then the open ones that were quiet
// longest are analysed early. What waits to be taken up is bounded by
// Config.QueueBytes: Observe blocks at that limit.
//
// A late span is left out of its flow, and counted in Stats.Dropped, when the
// store cannot say what was counted, when there is no memory to wait for its
// answer, or when its trace has Config.MaxSpans already. When a span that was
// counted since the last barrier is sent again together with a late one, they
// are told apart only if the flow shows it.
//
// All state belongs to the goroutine of Run, and nothing but the queue is
// shared, so that one Assembler per share of the trace ids could run.
package assemble
