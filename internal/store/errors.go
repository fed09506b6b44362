package store

import "errors"

// What Append may fail with; test with errors.Is. After each of them the sender
// may try again.
var (
	ErrFull        = errors.New("the disk is full")
	ErrBusy        = errors.New("the store is behind: too much is not in a block yet")
	ErrUnavailable = errors.New("the store cannot write")
	ErrClosed      = errors.New("the store is closed")
)
