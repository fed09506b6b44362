// Package flow shows how the operations of a Go service run: what each request
// did step by step, where its time went, what failed. It records them in
// memory, in the process itself, with nothing but the standard library.
//
//	mux := http.NewServeMux()
//	mux.HandleFunc("GET /products/{id}", product)
//	flow.RegisterHandlers(mux) // the dashboard, at /debug/flow
//	http.ListenAndServe("127.0.0.1:8080", flow.HTTPMiddleware(mux))
//
// and, in what a request calls,
//
//	ctx, op := flow.Start(ctx, "load product", flow.String("db.system.name", "sqlite"))
//	defer op.End()
//	...
//	op.Fail(err)
//
// # Words
//
// An operation is one timed step, a span in OpenTelemetry's word. The outermost
// one and all below it are a flow. The context carries the running operation;
// Start begins a child of it, or a new flow when there is none. A flow that
// arrives with a W3C traceparent header continues the caller's trace, and
// Transport hands it on, so that flows of several services are one.
//
// # What is kept
//
// A finished flow is encoded once, as OpenTelemetry's protocol has it, into a
// ring of fixed size (WithHistory). The ring is all the memory that history
// takes, whatever the load; the oldest flows make room for the newest.
// Exporters and the dashboard read from it at their own pace and are told what
// they have missed. Beside it there are statistics of every path that flows
// took (Stats), exact whatever a Sampler keeps: each flow is counted when it
// ends, those that are not kept, too.
//
// # Limits
//
// One flow records 2,000 operations and 512 KiB of attributes, events and messages;
// running flows take 64 MiB in all. What exceeds either is counted, in Totals as
// dropped, and not recorded; of a flow that there is no room for the steps are not
// counted either. Then the flow that has run for longest, more than a minute, is
// abandoned as failed to make room. Statistics know WithMaxPaths paths and take as
// much memory as the history may; of further ones the first operations are counted
// under "(other)" and all below them as one under that.
//
// # Around the flows
//
// Samplers choose which flows are kept (Ratio, ParentBased, ByOperation,
// RateLimited, Adaptive); Logger, NewHandler and RequestLogger write logs that name
// their flow. Tracker.SLO counts operations against objectives, WithAnomalies
// marks flows unlike the others, and Tracker.Health is all that is known of the
// process. Each table behind them has a bound.
//
// # Concurrency
//
// Everything may be called by any number of goroutines. Methods of a nil *Op
// do nothing, which is what Start returns where nothing is recorded. An
// operation that ends after its flow has ended, or 30 s after its first
// operation has, is counted and kept as a late one: a hundred of a flow, with
// what was set of them before. Shutdown flushes exporters and joins every goroutine
// that was started.
package flow
