// Package decode reads trace requests from the wire into the span batch:
// OTLP as protobuf (Proto) and as JSON (JSON).
//
// The wire is walked once and goes straight into the batch's columns; there is
// no object per span in between. Bytes are copied once, when the batch interns
// them: the batch does not keep the body, which the caller may reuse as soon
// as the call returns.
//
// Three things can be wrong with a request:
//
//   - It is not OTLP. Proto and JSON return an *Error that names the field,
//     nothing of the request may be used and the batch must be thrown away.
//   - A span cannot be used (a Reason says why). It is refused, the others are
//     taken.
//   - A span can be mended (a bit of model.Marks says how). It is taken and
//     carries the mark.
//
// The Report counts both and words them for the sender. A kind or status code
// that OTLP does not define reads as unspecified or unset. Text of a resource
// or scope that is not UTF-8 is replaced without a mark, and a value of theirs
// that would cost a span its place costs the request.
//
// Fields may come in any order, in parts and more than once, as protobuf
// allows; unknown ones, and known numbers with a foreign wire type, are
// skipped. Not kept are OTLP's entity references (in development) and what
// only profiles use (string table indices).
//
// A batch takes less than twice the memory of the request it was read from
// when that holds real spans. Hostile ones, millions of empty events for
// instance, come to at most 32 times their size, so receivers bound the bytes
// in flight with that in mind.
package decode
