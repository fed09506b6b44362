package vfs

import (
	"errors"
	"io"
	"path/filepath"
	"sync/atomic"
	"syscall"
)

// Op is an operation that Fault can fail.
type Op string

// The operations.
const (
	OpCreate   Op = "create"
	OpOpen     Op = "open"
	OpRead     Op = "read"
	OpWrite    Op = "write"
	OpSync     Op = "sync"
	OpTruncate Op = "truncate"
	OpRename   Op = "rename"
	OpRemove   Op = "remove"
	OpMkdir    Op = "mkdir"
	OpReadDir  Op = "readdir"
	OpSyncDir  Op = "syncdir"
	OpFree     Op = "free"
)

// Changes reports whether the operation changes what is on disk or what of it
// is durable.
func (o Op) Changes() bool { return o != OpOpen && o != OpRead && o != OpReadDir && o != OpFree }

// ErrTorn makes a write put half of its bytes into the file before it fails,
// when a Hook's error wraps it.
var ErrTorn = errors.New("torn")

// Fault is a filesystem whose operations a test can fail.
type Fault struct {
	FS
	// Hook is asked before every operation and fails it by returning an error.
	// It is called from many goroutines. A nil Hook fails nothing.
	Hook func(op Op, name string) error
	// Space, when not nil, is how many bytes may still be written, which Free
	// says too. The write that does not fit is torn at the limit and returns
	// ENOSPC.
	Space *atomic.Int64
}

var _ FS = (*Fault)(nil)

func (f *Fault) ask(op Op, name string) error {
	if f.Hook == nil {
		return nil
	}
	if err := f.Hook(op, filepath.ToSlash(name)); err != nil {
		return fail(string(op), name, err)
	}
	return nil
}

func (f *Fault) file(op Op, name string, open func(string) (File, error)) (File, error) {
	if err := f.ask(op, name); err != nil {
		return nil, err
	}
	file, err := open(name)
	if err != nil {
		return nil, err
	}
	return &faultFile{file, f, name}, nil
}

// Create implements FS.
func (f *Fault) Create(name string) (File, error) { return f.file(OpCreate, name, f.FS.Create) }

// OpenAppend implements FS.
func (f *Fault) OpenAppend(name string) (File, error) { return f.file(OpOpen, name, f.FS.OpenAppend) }

// Open implements FS.
func (f *Fault) Open(name string) (File, error) { return f.file(OpOpen, name, f.FS.Open) }

// Rename implements FS.
func (f *Fault) Rename(from, to string) error {
	if err := f.ask(OpRename, to); err != nil {
		return err
	}
	return f.FS.Rename(from, to)
}

// Remove implements FS.
func (f *Fault) Remove(name string) error {
	if err := f.ask(OpRemove, name); err != nil {
		return err
	}
	return f.FS.Remove(name)
}

// RemoveAll implements FS.
func (f *Fault) RemoveAll(name string) error {
	if err := f.ask(OpRemove, name); err != nil {
		return err
	}
	return f.FS.RemoveAll(name)
}

// MkdirAll implements FS.
func (f *Fault) MkdirAll(name string) error {
	if err := f.ask(OpMkdir, name); err != nil {
		return err
	}
	return f.FS.MkdirAll(name)
}

// ReadDir implements FS.
func (f *Fault) ReadDir(name string) ([]string, error) {
	if err := f.ask(OpReadDir, name); err != nil {
		return nil, err
	}
	return f.FS.ReadDir(name)
}

// SyncDir implements FS.
func (f *Fault) SyncDir(name string) error {
	if err := f.ask(OpSyncDir, name); err != nil {
		return err
	}
	return f.FS.SyncDir(name)
}

// Free implements FS.
func (f *Fault) Free(name string) (int64, error) {
	if err := f.ask(OpFree, name); err != nil {
		return 0, err
	}
	if f.Space != nil {
		return max(f.Space.Load(), 0), nil
	}
	return f.FS.Free(name)
}

// Lock implements FS. It never fails by the hook.
func (f *Fault) Lock(name string) (io.Closer, error) { return f.FS.Lock(name) }

type faultFile struct {
	File
	fault *Fault
	name  string
}

func (f *faultFile) Write(p []byte) (int, error) {
	if err := f.fault.ask(OpWrite, f.name); err != nil {
		n := 0
		if errors.Is(err, ErrTorn) {
			n, _ = f.File.Write(p[:len(p)/2])
		}
		return n, err
	}
	fits := len(p)
	if space := f.fault.Space; space != nil {
		left := space.Add(-int64(len(p)))
		if left < 0 {
			fits = int(max(int64(len(p))+left, 0))
			space.Add(int64(len(p) - fits))
		}
	}
	n, err := f.File.Write(p[:fits])
	if err == nil && fits < len(p) {
		err = fail("write", f.name, syscall.ENOSPC)
	}
	return n, err
}

func (f *faultFile) ReadAt(p []byte, off int64) (int, error) {
	if err := f.fault.ask(OpRead, f.name); err != nil {
		return 0, err
	}
	return f.File.ReadAt(p, off)
}

func (f *faultFile) Sync() error {
	if err := f.fault.ask(OpSync, f.name); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f *faultFile) Truncate(size int64) error {
	if err := f.fault.ask(OpTruncate, f.name); err != nil {
		return err
	}
	return f.File.Truncate(size)
}
