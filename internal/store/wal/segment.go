package wal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/flowscope/flowscope/internal/store/vfs"
)

const (
	magic         = "FLOWWAL1"
	segmentHeader = len(magic) + 8
	extension     = ".wal"
)

// Name is the file name of a segment.
func Name(seq uint64) string { return fmt.Sprintf("%016x%s", seq, extension) }

// ParseName returns the sequence of a segment's file name.
func ParseName(name string) (seq uint64, ok bool) {
	digits, found := strings.CutSuffix(name, extension)
	if !found || len(digits) != 16 {
		return 0, false
	}
	seq, err := strconv.ParseUint(digits, 16, 64)
	return seq, err == nil
}

// ErrBroken says that a segment takes no more records, because a sync failed or
// a torn write could not be taken back. What was synced before is still good.
var ErrBroken = errors.New("wal: the segment is broken")

// Writer appends to one segment. It belongs to one goroutine at a time.
type Writer struct {
	seq    uint64
	file   vfs.File
	size   int64
	broken error
}

// Create makes a new, empty, durable segment in dir.
func Create(fs vfs.FS, dir string, seq uint64) (*Writer, error) {
	name := filepath.Join(dir, Name(seq))
	file, err := fs.Create(name)
	if err != nil {
		return nil, fmt.Errorf("create WAL segment: %w", err)
	}
	header := binary.LittleEndian.AppendUint64([]byte(magic), seq)
	_, err = file.Write(header)
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = fs.SyncDir(dir)
	}
	if err != nil {
		err = errors.Join(err, file.Close(), fs.Remove(name))
		return nil, fmt.Errorf("create WAL segment: %w", err)
	}
	return &Writer{seq: seq, file: file, size: int64(len(header))}, nil
}

// Seq is the segment's number.
func (w *Writer) Seq() uint64 { return w.seq }

// Size is how many bytes of the segment are durable.
func (w *Writer) Size() int64 { return w.size }

// Append writes whole records and syncs them. When it returns nil they are
// durable; otherwise none of them counts.
//
// After a write that failed, a full disk for one, the torn bytes are cut off
// again and the segment goes on. After a sync that failed nobody knows what the
// disk holds, and asking again may answer a false yes (the kernel reports a lost
// page once): the segment is broken and every later Append returns ErrBroken.
func (w *Writer) Append(records []byte) error {
	if w.broken != nil {
		return w.broken
	}
	if _, err := w.file.Write(records); err != nil {
		if cutErr := w.file.Truncate(w.size); cutErr != nil {
			return w.fail(errors.Join(err, cutErr))
		}
		return fmt.Errorf("write WAL: %w", err)
	}
	if err := w.file.Sync(); err != nil {
		return w.fail(err)
	}
	w.size += int64(len(records))
	return nil
}

func (w *Writer) fail(err error) error {
	w.broken = fmt.Errorf("%w: %w", ErrBroken, err)
	return w.broken
}

// Broken is the error that broke the segment, nil while it is good.
func (w *Writer) Broken() error { return w.broken }

// Close closes the file. Everything acknowledged is durable already. Of a broken
// segment it tries to cut off what was not, so that a later reader does not take
// it for damage.
func (w *Writer) Close() error {
	if w.broken == nil {
		return w.file.Close()
	}
	err := w.file.Truncate(w.size)
	if err == nil {
		err = w.file.Sync()
	}
	return errors.Join(err, w.file.Close())
}
