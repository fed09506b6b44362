package demo

import (
	"sync"
	"time"
)

const (
	// breakerThreshold failures in a row open the breaker: two requests whose retry failed too.
	breakerThreshold = 4
	// breakerCooldown is how long it then stays open, in simulated time: well within one outage, so that probes are seen to fail too.
	breakerCooldown = 3 * time.Second
)

// circuitOpenError is the answer of an open breaker; no request was made.
type circuitOpenError struct{}

func (circuitOpenError) Error() string     { return "circuit breaker is open" }
func (circuitOpenError) ErrorType() string { return "circuit_breaker_open" }

// breaker refuses calls to one service after breakerThreshold failures in a row, until a probe has succeeded. Safe for concurrent use.
type breaker struct {
	clock clock

	mu        sync.Mutex
	failures  int           // in a row
	openUntil time.Duration // the next probe may go at this simulated time
}

// allow says whether a call may go. An open breaker lets one probe through per cooldown.
func (b *breaker) allow() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures < breakerThreshold {
		return true
	}
	now := b.clock.now()
	if now < b.openUntil {
		return false
	}
	b.openUntil = now + breakerCooldown
	return true
}

// report takes the outcome of an allowed call.
func (b *breaker) report(ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if ok {
		b.failures = 0
		return
	}
	b.failures++
	if b.failures == breakerThreshold {
		b.openUntil = b.clock.now() + breakerCooldown
	}
}
