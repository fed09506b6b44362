package analyze

import "strings"

// markBreaks marks the calls that an open circuit breaker refused.
func (a *Analyzer) markBreaks() {
	w := &a.work
	for i := range w.calls {
		c := &w.calls[i]
		if c.answered || !c.failed {
			continue
		}
		s := &w.spans[c.attempt]
		c.broken = saysBroken(s) || a.looksBroken(c, s.start)
		s.broken = c.broken
	}
}

// looksBroken reports whether an unanswered failed call was too short to have
// been made, when a breaker is likely to be open.
func (a *Analyzer) looksBroken(c *call, at int64) bool {
	b := a.habitOf(c.from, c.to)
	return b.samples >= minSamples && c.latency < b.median/10 && b.bursting(at)
}

// saysBroken reports whether a failed span says that a breaker is why, as
// "circuit_breaker_open", "CircuitBreakerOpenException", "circuit is open".
func saysBroken(s *span) bool {
	for text := range complaints(s.Span) {
		text = strings.ToLower(text)
		if strings.Contains(text, "circuit") && (strings.Contains(text, "open") || strings.Contains(text, "break")) {
			return true
		}
	}
	return false
}
