// Package compare tells what changed between two profiles of an operation: two
// periods, two versions, or a recorded run and a live one. It is pure: sketches
// and counts go in, changes come out.
//
//	changes := compare.Operations(&base, &candidate)
//	gate, err := compare.ParseGate("p95>10%,errors>1%,new-edge")
//	failed := gate.Failed(changes)
//
// # Confidence
//
// A difference counts only when chance is no likely reason for it: "high" is
// beyond 99.9 %, "medium" beyond 99 %, all else is "low" and never fails a gate.
//
//   - Quantiles: their intervals must not overlap. An interval is between two
//     order statistics whose ranks are quantiles of the binomial distribution
//     (David and Nagaraja, "Order Statistics", 3rd ed., 2003, section 7.1), so it
//     assumes nothing of the latencies. Too few samples leave it open: at 99 % a
//     p50 needs 8, a p95 104, a p99 528. Below 8 on either side nothing is certain.
//   - Shares (errors, retries): the two-proportion z-test with pooled variance, and
//     Wilson's intervals (Wilson, "Probable inference", JASA 22, 1927) must not
//     overlap, which holds for few samples, too.
//   - Calls a flow: a z-test of two Poisson rates, which is careful: most calls
//     are steadier than that.
//   - An edge of one side only: how likely the other side's flows would all have
//     missed it, at the lower end of how often it is used.
//
// # Attribution
//
// What waits for a slow call is slow, too. A call's own time is what its callee
// spent itself and what was lost on the way: mean latency of the edge, less mean
// latency of the node it leads to, plus the node's mean self time without what its
// own calls lose on their way. Means of a node are those of all its callers. A slower edge
// whose own time has not grown by a tenth, neither of its latency nor of the
// growth, is explained by the edges below it that are slower, new or called more
// often; not when its mean has not grown at all. Errors are explained by those
// below when they are a fifth more at most; more calls, and edges out of a new
// node or one that is gone, by the edges above. What is explained does not fail a
// gate when its cause does, or the cause of that.
//
// The requests that begin flows are an edge, too. A node that is called back by
// those it calls has one when a twentieth of the flows begin there: its errors are
// those of the flows, its latencies those of all the node's requests.
package compare
