// Package load sends OTLP traces to a server as fast as asked and measures how
// it answers.
//
// It is honest in what it sends: whole traces of a few spans across services,
// about 330 bytes and nine attributes a span, whose trace ids, span ids, times
// and session ids are new in every request, so that nothing a server might
// deduplicate, cache or compress away repeats. It is cheap so as to share a
// machine with what it measures: each connection encodes one request when it
// begins and from then on only patches those bytes (template).
//
// It is honest in what it counts: a span is acked when the server said so, a
// refusal that asks to come back is obeyed and the same bytes are sent again,
// and what is given up on is counted as failed. A latency is the time from
// sending a request to its answer, answers that refuse it not included.
//
// About one span in 400 has a tenth attribute, a coupon, for stores that treat
// rare attributes unlike frequent ones.
//
// With a rate, requests are due at fixed times from the start; one that is due
// while every connection is busy is sent late, not skipped.
package load
