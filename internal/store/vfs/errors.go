package vfs

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
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

// IsFull reports whether an error says that the disk, or the user's share of
// it, is full.
func IsFull(err error) bool {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return true
	}
	const handleDiskFull, diskFull = syscall.Errno(39), syscall.Errno(112) // of Windows
	return runtime.GOOS == "windows" && (errors.Is(err, handleDiskFull) || errors.Is(err, diskFull))
}
