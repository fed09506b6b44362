package flow

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// retryError is a failure that may be gone after a while.
type retryError struct {
	cause error
	after time.Duration // that the receiver asked for; 0 is none
}

func (e *retryError) Error() string { return e.cause.Error() }
func (e *retryError) Unwrap() error { return e.cause }

// retryable reports whether OTLP lets a request with that answer be repeated.
func retryable(status int) bool {
	switch status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	default:
		return false
	}
}

// retryAfter reads the header of that name: seconds or a date.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseInt(header, 10, 32); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}

// backoff is pauses that double. Each is between half of that and all, so that
// processes that failed together do not come back together.
type backoff struct{ next time.Duration }

// after is the next pause, or what the receiver asked for when that is longer.
func (b *backoff) after(asked time.Duration) time.Duration {
	pause := b.next/2 + rand.N(b.next/2)
	b.next = min(2*b.next, longestPause)
	return max(pause, asked)
}

// sleep reports false when ctx ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
