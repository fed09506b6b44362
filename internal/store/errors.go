package store

import (
	"errors"
	"time"
)

// What Append may fail with; test with errors.Is. After each of them the sender
// may try again. ErrLow, ErrFull and ErrBusy say when that makes sense: they have
// a method RetryAfter, and their text is fit for senders.
var (
	ErrLow         error = &retryError{"the disk is nearly full", 10 * time.Second} // space is made by retention, or by people
	ErrFull        error = &retryError{"the disk is full", 10 * time.Second}
	ErrBusy        error = &retryError{"the store is behind", time.Second}
	ErrUnavailable       = errors.New("the store cannot write")
	ErrClosed            = errors.New("the store is closed")
)

// retryError is an error that passes by itself.
type retryError struct {
	text  string
	after time.Duration
}

func (e *retryError) Error() string { return e.text }

// RetryAfter is when the same Append may succeed.
func (e *retryError) RetryAfter() time.Duration { return e.after }
