// Package graphql serves the schema in schema.graphql over HTTP, and over a
// WebSocket that speaks graphql-transport-ws. It holds no logic and reads no
// store: every field is resolved from an answer of the REST API or a message of
// its WebSocket, which the caller gives it as functions, so that both say the same.
//
// Answers of one request that are asked for twice are read once. A request is
// bounded: the bytes of its query, its depth, its selections, its reads and the
// bytes they give. A list multiplies the reads of the fields below it, and they
// are counted before the first one is made.
//
// A connection has a goroutine that reads, one that watches it, and one for each
// operation, all of which end with it. A subscription takes an event from its feed
// when the one before is on the way: who reads slowly misses events, and is told.
package graphql
