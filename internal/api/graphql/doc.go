// Package graphql serves the schema in schema.graphql over HTTP. It holds no
// logic and reads no store: every field is resolved from an answer of the REST
// API, which the caller gives it as a function, so that both say the same.
//
// Answers of one request that are asked for twice are read once. A request is
// bounded: the bytes of its query, its depth, its selections, its reads and the
// bytes they give. A list multiplies the reads of the fields below it, and they
// are counted before the first one is made.
package graphql
