package vfs

import (
	"errors"
	"fmt"
)

// ErrLocked says that another process, or another store in this one, holds the
// lock.
var ErrLocked = errors.New("locked by another process")

type tooLargeError struct {
	name        string
	size, limit int64
}

func (e *tooLargeError) Error() string {
	return fmt.Sprintf("%s has %d bytes, the limit is %d", e.name, e.size, e.limit)
}
