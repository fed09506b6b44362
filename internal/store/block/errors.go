package block

import (
	"errors"
	"fmt"
)

// ErrCorrupt is what every CorruptError is.
var ErrCorrupt = errors.New("corrupt")

// ErrNewer says that a block has a format of a later Flowscope.
var ErrNewer = errors.New("written by a newer version of Flowscope")

func newer(file string, format int) error {
	return fmt.Errorf("%w: %s has format %d, this version knows up to %d", ErrNewer, file, format, formatVersion)
}

// ErrOpen says that a file could not be opened, for want of file handles perhaps:
// that does not speak against what it holds.
var ErrOpen = errors.New("open a file of a block")

// CorruptError says that a file of a block does not hold what was written.
type CorruptError struct {
	Block, File string
	Err         error
}

// Error implements error.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("block %s: %s is corrupt: %v", e.Block, e.File, e.Err)
}

// Unwrap makes the error ErrCorrupt as well as its cause.
func (e *CorruptError) Unwrap() []error { return []error{ErrCorrupt, e.Err} }

// guard turns a panic of the Parquet library, which it raises for pages that
// contradict themselves, into an error.
func guard(err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("%w: %v", ErrCorrupt, p)
	}
}
