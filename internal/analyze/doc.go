// Package analyze turns the spans of a trace into its flow: which services it
// touched, who called whom, where the time went, what failed. It is the one
// home of these rules; each has a fixture in testdata with its trace drawn as
// a timeline.
//
//	a := analyze.New(analyze.Config{})
//	flow := a.Count(trace)                     // once a trace
//	again := a.Flow(trace)                     // when late spans have changed it
//	view := analyze.Trace(trace, cfg, usual)   // what is shown of one trace
//
// # Edges
//
// An entry span is one whose parent is in another service, the first span of
// a trace, or a span whose parent is missing unless its kind says that it
// calls or is inside a service. Services are told apart by namespace and
// name. The edge A→B counts B's entry spans that A caused: as parent, or, for
// a consumer, by a link to a span of the same trace; a batch of messages counts
// once for each service that sent some. The latency of a call is its client or
// producer span's, else its entry span's; a call fails when either of the two
// does. A service has an edge to itself only for a server span under a client
// span, or a consumer under a producer. A consumer whose producer is not in the
// trace is called by its queue, and so is a client span that received messages.
//
// # Virtual nodes
//
// A client or producer span that no other service answered is a call to the
// node its attributes name: a database (db.*), a queue (messaging.*), an
// outside system (peer.service, server.address, then their old names). Without
// any of them there is no call. A client span around another of its own
// service makes no call itself; the inner one does, and takes the outer one's
// name for the peer when it has but an address. A span of no kind is a client
// if it names a database or a peer and nothing is below it.
//
// A failed call whose retry a service answered was meant for that service. Other
// calls that nobody answered are counted for the outside system that they name
// and, when it is the name of a service the caller is known to call, shown on
// the edge of that service (Resolve): a refused connection is no new node.
//
// # Time
//
// A span's self time is its duration less the union of its children, each
// clipped to it. Children that nobody waits for, consumers in particular, are
// not taken off. The critical path walks back from the root's end through the
// child that finished last, then on from that child's start, as CRISP does
// (Zhang et al., "CRISP: Critical Path Analysis of Large-Scale Microservice
// Architectures", USENIX ATC 2022). It adds up to the root's duration. A trace
// with no root has none. Self and critical time of an unanswered call belong
// to the node that was called, all other to the span's service.
//
// When parent and child have different clocks and the child lies outside, the
// child and what is below it are shifted: into the middle of the parent when
// it fits, to its start otherwise, as Jaeger's clock skew adjuster does. A
// child that nobody waits for, or whose caller gave up, may end after its
// parent. Clocks are the same on the same node, or in the same instance when
// the node is not known.
//
// # Outcomes
//
// A span has failed when its status is ERROR, or when it is a server or client
// span of unset status and a response of 5xx: browsers leave it unset. A flow
// has failed when its root has; failed spans below an unfailed root are counted
// but the flow is a success. It is a timeout when the root failed by a deadline
// (HTTP 408 or 504, gRPC 4, or an error that says so), has no end, or is missing.
// A trace that begins with a server or consumer span whose parent is missing was
// called by something that sends no spans, a browser or a gateway, and is judged
// by that span.
//
// A call repeats another (a retry) when the sibling of the same name and peer
// before it had failed and ended, or when it has an http.request.resend_count.
// A call was refused by a circuit breaker when it failed, nobody answered, and
// either its error says so or it took less than a tenth of what is usual on
// its edge after a burst of failures there. What is usual is learned from
// flows, or read from rollups.
//
// # Limits
//
// Spans that repeat an id are dropped, except that a server or consumer span may
// share the id of its caller's span, as in Zipkin: it is taken for its child.
// Parents that form a cycle are cut at the cycle's earliest span, which becomes
// an orphan. Names are cut to 256 bytes,
// and once there are Config.MaxNames operations, environments or nodes, new
// ones are called "(other)". Nothing the package returns holds a batch in
// memory, but for the spans of an Analysis.
package analyze
