package wal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/flowscope/flowscope/internal/store/vfs"
)

// ErrNewer says that a segment has a format of a later Flowscope.
var ErrNewer = errors.New("written by a newer version of Flowscope")

// CheckFormat returns an error that wraps ErrNewer when a segment has a format
// that this program does not know. It reads a header and at most one record and
// leaves everything as it is. What else may be wrong with a segment, Read says.
func CheckFormat(fs vfs.FS, dir string, seq uint64) (err error) {
	name := filepath.Join(dir, Name(seq))
	file, err := fs.Open(name)
	if err != nil {
		return fmt.Errorf("open WAL segment: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	size, err := file.Size()
	if err != nil {
		return fmt.Errorf("read WAL segment: %w", err)
	}
	var head [segmentHeader]byte
	if n, _ := file.ReadAt(head[:], 0); n < len(head) { // cut short, or unreadable
		return nil
	}
	const digit = len(magic) - 1
	found, known := head[digit], magic[digit]
	if string(head[:digit]) != magic[:digit] || found <= known || found > '9' || binary.LittleEndian.Uint64(head[len(magic):]) != seq {
		return nil
	}
	r := &reader{file: file, res: Result{Size: size}}
	if r.goodAt(int64(segmentHeader)) { // our record: the digit is damaged
		return nil
	}
	return fmt.Errorf("%w: %s has format %c, this version knows up to %c", ErrNewer, name, found, known)
}
