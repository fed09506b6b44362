// Package receive is Flowscope's door: it listens for OTLP over gRPC and over
// HTTP, decodes what arrives and hands each request's spans to a Sink as one
// batch. A request is answered only after the sink took its batch, so that
// what was acknowledged is as durable as the sink makes it.
//
// Both transports share one path (ingest) and one table of refusals (Kind).
// How they answer follows the OTLP specification: partial_success for spans
// that were refused one by one, a google.rpc.Status for a request that was
// refused whole, and a time to come back (Retry-After, RetryInfo) when the
// request itself was fine.
//
// # Limits
//
// A body is read up to Config.BodyLimit after decompression and not a byte
// further, whatever it would decompress to. All requests together hold at most
// Config.InFlightLimit bytes, from their first byte until they are answered;
// beyond it requests are refused with a time to come back, so memory does not
// grow with the backlog. Over HTTP the count runs ahead of the memory. gRPC
// reads a message whole before it shows it, so there a request is charged
// 1 MiB ahead and the rest once it is read: between the two, up to
// InFlightLimit / 1 MiB messages larger than 1 MiB are in memory uncharged.
// Spans are charged what they take once they are decoded; a hostile body may
// take 32 times its size until then, one body per processor at a time.
//
// Whoever sends too slowly is cut off: headers, body and idle connections have
// a deadline each.
package receive
