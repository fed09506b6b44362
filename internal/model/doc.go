// Package model is the vocabulary every part of Flowscope shares: ids, the
// span batch, the cursors that read it, the flow graph and its rollup, and the
// questions a store answers.
//
// The unit that travels is the Batch: spans as columns, strings interned once,
// resources and scopes stored once. Nothing on the ingest path turns it into
// one struct per span; Span is a cursor, two words that point at a row.
//
// A batch is written by one goroutine and then sealed by handing it on. From
// then on it is read-only and may be read by any number of goroutines.
//
// Times are int64 Unix nanoseconds, durations int64 nanoseconds.
//
// The package imports the standard library, internal/wire and internal/sketch.
package model
