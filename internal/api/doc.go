// Package api serves Flowscope over HTTP: the REST API under /api/v1,
// GraphQL over the same answers at /graphql, the dashboard, health, readiness
// and metrics. It is transport and error mapping; the answers come from
// internal/query.
//
// Every endpoint is described by openapi.yaml, and a test holds the two to
// each other, field by field.
//
// A request is read strictly: a parameter that is unknown, repeated or
// malformed is refused by name. Errors are application/problem+json with a
// code that programs may rely on and the request's id. Times in answers are
// RFC 3339 with nanoseconds, durations integer nanoseconds, latencies float
// milliseconds, rates 0 to 1.
package api
