// Package rest is the REST API under /api/v1: what it answers, how it reads
// parameters, how it says that something is wrong. It is transport and error
// mapping; the answers come from internal/query, and flows as they happen from
// internal/live.
//
// It brings nothing from outside the standard library, so that a process that
// shows its own flows answers exactly as a server does:
//
//	api := rest.New(rest.Config{Query: engine, Live: hub, Open: open, Status: status})
//	api.Mount(mux, "")           // GET /api/v1/flows, ...
//	http.Serve(l, rest.Observe(mux, tell)) // request ids, panics, what became of each request
//
// A request is read strictly: a parameter that is unknown, repeated or
// malformed is refused by name. Errors are application/problem+json with a
// code that programs may rely on and the request's id. Times in answers are
// RFC 3339 with nanoseconds, durations integer nanoseconds, latencies float
// milliseconds, rates 0 to 1.
//
// The same answers are given to callers without a request by Read, and what
// followers are told is put in words by EventData and DroppedData.
package rest
