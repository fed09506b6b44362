package vfs

import (
	"errors"
	"io"
)

// FS is a filesystem. All methods may be called from many goroutines. A
// missing file is an error that wraps fs.ErrNotExist.
type FS interface {
	// Create makes a new file for appending and reading. It is an error that
	// wraps fs.ErrExist when the name is taken.
	Create(name string) (File, error)
	// OpenAppend opens a file that exists for appending and reading.
	OpenAppend(name string) (File, error)
	// Open opens a file for reading.
	Open(name string) (File, error)
	// Rename moves a file or a directory; the new name must be free.
	Rename(from, to string) error
	// Remove removes a file or an empty directory.
	Remove(name string) error
	// RemoveAll removes a directory and all in it. A missing one is no error.
	RemoveAll(name string) error
	// MkdirAll makes a directory and its parents. An existing one is no error.
	MkdirAll(name string) error
	// ReadDir returns the sorted names in a directory.
	ReadDir(name string) ([]string, error)
	// SyncDir makes the names in a directory durable.
	SyncDir(name string) error
	// Free is how many bytes may still be written below a directory. Others
	// write there, too: it is true for a moment, and a quota may allow less.
	Free(name string) (int64, error)
	// Lock takes an exclusive lock on a file, made when it is not there, until
	// the closer is closed or the process ends. It returns ErrLocked when
	// somebody else holds it.
	Lock(name string) (io.Closer, error)
}

// File is an open file. Writes go to its end.
type File interface {
	io.Writer
	io.ReaderAt
	io.Closer
	// Sync makes the content durable.
	Sync() error
	// Truncate cuts the file to size bytes; the next write continues there.
	Truncate(size int64) error
	// Size is the file's length in bytes.
	Size() (int64, error)
}

// ReadFile reads a whole file of at most limit bytes; a longer one is an error.
func ReadFile(fs FS, name string, limit int64) (p []byte, err error) {
	f, err := fs.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return ReadAll(f, name, limit)
}

// ReadAll returns the content of an open file, whose name is for the error of
// one that is larger than limit bytes.
func ReadAll(f File, name string, limit int64) ([]byte, error) {
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if size > limit {
		return nil, &tooLargeError{name, size, limit}
	}
	p := make([]byte, size)
	if _, err := f.ReadAt(p, 0); err != nil && (!errors.Is(err, io.EOF) || size > 0) {
		return nil, err
	}
	return p, nil
}

// WriteFile makes a new file with content p and syncs it, not its name.
func WriteFile(fs FS, name string, p []byte) error {
	f, err := fs.Create(name)
	if err != nil {
		return err
	}
	_, err = f.Write(p)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
