// Package demo simulates a shop and a cloud console so that Flowscope has something to show on a machine with nothing but Go.
//
// It is a set of ordinary applications: every service instance is its own http.Server on a loopback port with its own
// OpenTelemetry SDK, resource and OTLP exporter (one service over gRPC, the next over HTTP), and they call each other over real
// HTTP with otelhttp, W3C trace context and baggage. Nothing here knows Flowscope; any OTLP receiver will do.
//
// What the services do is described, not programmed: topology_*.go lists services, their endpoints and the steps of each
// endpoint (work, call, query, cache, publish, fail, …), and one generic [instance] interprets them. To add a service, add an
// entry there.
//
// What is simulated and what is real:
//   - Calls between services, their timeouts, retries and circuit breakers are real.
//   - Work is a timer, so a flow costs little CPU. Databases, caches, brokers and outside systems are client and producer spans
//     without a server behind them. The queue is a channel in this process.
//   - Every random choice descends from Config.Seed: a flow's generator is seeded with its number, and each call hands a seed of
//     its own to the callee in the X-Demo-Seed header, so the same flow takes the same path whatever runs beside it. Trace ids, real
//     time, and so timeouts and breakers, stay random.
//
// Limits: at most [MaxRate] flows a second and [maxInFlight] at once; queues and span buffers are bounded, and what they had to
// drop is counted in [Stats].
package demo
