package vfs

import (
	"io"
	"io/fs"
	"slices"
	"sync"
)

type memFile struct {
	mu       *sync.Mutex // of the filesystem
	n        *node
	readOnly bool
	closed   bool
}

func (f *memFile) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || f.readOnly {
		return 0, fail("write", "", fs.ErrClosed)
	}
	f.n.data = append(f.n.data, p...)
	return len(p), nil
}

func (f *memFile) ReadAt(p []byte, off int64) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return 0, fail("read", "", fs.ErrClosed)
	}
	if off > int64(len(f.n.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.n.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *memFile) Sync() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return fail("sync", "", fs.ErrClosed)
	}
	// Appending costs what was appended, not what the file holds.
	if len(f.n.synced) <= len(f.n.data) && !f.n.cut {
		f.n.synced = append(f.n.synced, f.n.data[len(f.n.synced):]...)
		return nil
	}
	f.n.synced, f.n.cut = slices.Clone(f.n.data), false
	return nil
}

func (f *memFile) Truncate(size int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || f.readOnly || size > int64(len(f.n.data)) {
		return fail("truncate", "", fs.ErrInvalid)
	}
	f.n.data = f.n.data[:size]
	f.n.cut = f.n.cut || size < int64(len(f.n.synced))
	return nil
}

func (f *memFile) Size() (int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return int64(len(f.n.data)), nil
}

func (f *memFile) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return fail("close", "", fs.ErrClosed)
	}
	f.closed = true
	return nil
}
