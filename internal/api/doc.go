// Package api serves Flowscope over HTTP. It puts together what a server has:
// the REST API of internal/api/rest with a WebSocket and its description,
// GraphQL over the same answers at /graphql, the dashboard, health, readiness
// and metrics; compression, a log record and a count of every request around
// all of it.
//
// Every endpoint is described by openapi.yaml, and a test holds the two to
// each other, field by field.
package api
