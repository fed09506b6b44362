package wal

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

// Result is what reading a segment found.
type Result struct {
	Size    int64 // of the file
	Good    int64 // bytes up to the end of the last good record
	Records int
	// Bad is nil when all of the segment is good. Otherwise it says what is
	// wrong with the bytes after Good.
	Bad error
	// Torn tells an unfinished last write from damage: nothing good follows
	// the bad record. What was never acknowledged looks like that.
	Torn bool
	// Empty says that there is nothing after a bad header: the segment's
	// creation was cut short and it never held a record.
	Empty bool
}

// Read yields the batches of a segment in order, up to the first bad record. A
// batch is sealed and belongs to whoever gets it. The error is that of the disk
// or of yield; damage is in the Result.
func Read(fs vfs.FS, dir string, seq uint64, yield func(*model.Batch) error) (res Result, err error) {
	file, err := fs.Open(filepath.Join(dir, Name(seq)))
	if err != nil {
		return Result{}, fmt.Errorf("open WAL segment: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return ReadFile(file, seq, yield)
}

// ReadFile is Read for a segment that is open already.
func ReadFile(file vfs.File, seq uint64, yield func(*model.Batch) error) (Result, error) {
	size, err := file.Size()
	if err != nil {
		return Result{}, unreadable(err)
	}
	const buffer = 1 << 20 // reads of a size at which a disk is at its speed
	r := &reader{file: file, res: Result{Size: size}}
	r.in = bufio.NewReaderSize(io.NewSectionReader(patient{file}, 0, size), buffer)
	if err := r.header(seq); err != nil || r.res.Bad != nil {
		return r.res, err
	}
	for r.res.Good < size && r.res.Bad == nil {
		if err := r.next(yield); err != nil {
			return r.res, err
		}
	}
	return r.res, nil
}

// ErrUnreadable says that the disk did not give back what is in a segment. What
// came before was yielded.
var ErrUnreadable = errors.New("unreadable WAL segment")

func unreadable(err error) error { return fmt.Errorf("%w: %w", ErrUnreadable, err) }

// patient reads again what could not be read: a disk, or the network before it,
// often has only a bad moment.
type patient struct{ io.ReaderAt }

// ReadAt implements io.ReaderAt.
func (p patient) ReadAt(b []byte, off int64) (n int, err error) {
	for range 3 {
		if n, err = p.ReaderAt.ReadAt(b, off); err == nil || errors.Is(err, io.EOF) {
			break
		}
	}
	return n, err
}

type reader struct {
	file vfs.File
	in   *bufio.Reader
	body []byte
	res  Result
}

// header checks the segment's first bytes.
func (r *reader) header(seq uint64) error {
	if r.res.Size < int64(segmentHeader) {
		r.res.Bad, r.res.Torn, r.res.Empty = fmt.Errorf("%w: short segment header", ErrCorrupt), true, true
		return nil
	}
	var head [segmentHeader]byte
	if _, err := io.ReadFull(r.in, head[:]); err != nil {
		return unreadable(err)
	}
	if string(head[:len(magic)]) != magic || binary.LittleEndian.Uint64(head[len(magic):]) != seq {
		r.res.Bad = fmt.Errorf("%w: segment header", ErrCorrupt)
		r.res.Empty = r.res.Size == int64(segmentHeader)
		r.res.Torn = r.res.Empty
		return nil
	}
	r.res.Good = int64(segmentHeader)
	return nil
}

func (r *reader) next(yield func(*model.Batch) error) error {
	left := r.res.Size - r.res.Good
	if left < recordHeader {
		r.bad(0, "the segment ends inside a record")
		return nil
	}
	var head [recordHeader]byte
	if _, err := io.ReadFull(r.in, head[:]); err != nil {
		return unreadable(err)
	}
	n := int64(binary.LittleEndian.Uint32(head[:]))
	if n > min(left-recordHeader, MaxRecord) {
		r.bad(0, "the segment ends inside a record")
		return nil
	}
	r.body = append(r.body[:0], head[:]...)
	r.body = grow(r.body, int(n))[:recordHeader+n]
	if _, err := io.ReadFull(r.in, r.body[recordHeader:]); err != nil {
		return unreadable(err)
	}
	if recordCRC(r.body) != binary.LittleEndian.Uint32(head[4:]) {
		r.bad(n, "checksum")
		return nil
	}
	b, err := decodeBody(r.body[recordHeader:])
	if err != nil {
		r.res.Bad = fmt.Errorf("%w at byte %d", err, r.res.Good)
		return nil
	}
	r.res.Good += recordHeader + n
	r.res.Records++
	return yield(b)
}

// bad notes a bad record with a body of n bytes and looks whether a good one
// follows it.
func (r *reader) bad(n int64, what string) {
	r.res.Bad = fmt.Errorf("%w at byte %d: %s", ErrCorrupt, r.res.Good, what)
	r.res.Torn = !r.goodAt(r.res.Good + recordHeader + n)
}

func (r *reader) goodAt(off int64) bool {
	var head [recordHeader]byte
	if n, err := r.file.ReadAt(head[:], off); n < recordHeader {
		return !errors.Is(err, io.EOF) // unknown: not to be cut off
	}
	n := int64(binary.LittleEndian.Uint32(head[:]))
	if n == 0 || n > min(r.res.Size-off-recordHeader, MaxRecord) {
		return false
	}
	record := make([]byte, recordHeader+n)
	if _, err := r.file.ReadAt(record, off); err != nil && !errors.Is(err, io.EOF) {
		return false
	}
	return recordCRC(record) == binary.LittleEndian.Uint32(head[4:])
}
