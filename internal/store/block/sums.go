package block

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	iofs "io/fs"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/flowscope/flowscope/internal/store/vfs"
)

// castagnoli is CRC-32C, which amd64 and arm64 compute in hardware.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const (
	sumsFile  = "sums"
	sumsMagic = "FLOWSUM1"
	// chunkSize is about a page of a column: a lookup reads one of each, and
	// checks little else. It makes the sums 0.02 % of the block.
	chunkSize = 16 << 10
)

// fileSums are the checksums of one file. The sums file is
//
//	"FLOWSUM1", files u32, then of each:
//	  name length u16, name, size u64, CRC-32C u32 of every 16 KiB
//	CRC-32C u32 of all before
type fileSums struct {
	name   string
	size   int64
	chunks []uint32
}

func encodeSums(files []fileSums) []byte {
	p := binary.LittleEndian.AppendUint32([]byte(sumsMagic), uint32(len(files)))
	for _, f := range files {
		p = binary.LittleEndian.AppendUint16(p, uint16(len(f.name)))
		p = append(p, f.name...)
		p = binary.LittleEndian.AppendUint64(p, uint64(f.size))
		for _, c := range f.chunks {
			p = binary.LittleEndian.AppendUint32(p, c)
		}
	}
	return binary.LittleEndian.AppendUint32(p, crc32.Checksum(p, castagnoli))
}

var errSums = errors.New("not a list of checksums")

func decodeSums(p []byte) (map[string]fileSums, error) {
	if err := sumsFormat(p); err != nil {
		return nil, err
	}
	if len(p) < len(sumsMagic)+8 || string(p[:len(sumsMagic)]) != sumsMagic {
		return nil, errSums
	}
	body, tail := p[:len(p)-4], p[len(p)-4:]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(tail) {
		return nil, errors.New("checksum of the checksums")
	}
	body = body[len(sumsMagic):]
	n := binary.LittleEndian.Uint32(body)
	body = body[4:]
	files := map[string]fileSums{}
	for range n {
		f, rest, err := decodeFileSums(body)
		if err != nil {
			return nil, err
		}
		files[f.name], body = f, rest
	}
	return files, nil
}

// sumsFormat is an error that wraps ErrNewer when the digit at the magic's end is
// above ours, unless with ours the checksum is right: then the digit is damaged.
func sumsFormat(p []byte) error {
	const digit = len(sumsMagic) - 1
	if len(p) < len(sumsMagic)+8 || string(p[:digit]) != sumsMagic[:digit] || p[digit] <= sumsMagic[digit] || p[digit] > '9' {
		return nil
	}
	body, tail := p[len(sumsMagic):len(p)-4], p[len(p)-4:]
	sum := crc32.Update(crc32.Checksum([]byte(sumsMagic), castagnoli), castagnoli, body)
	if sum == binary.LittleEndian.Uint32(tail) {
		return nil
	}
	return newer(sumsFile, int(p[digit]-'0'))
}

func decodeFileSums(p []byte) (f fileSums, rest []byte, err error) {
	if len(p) < 2 {
		return f, nil, errSums
	}
	n := int(binary.LittleEndian.Uint16(p))
	if len(p) < 2+n+8 {
		return f, nil, errSums
	}
	f.name = string(p[2 : 2+n])
	size := binary.LittleEndian.Uint64(p[2+n:])
	p = p[2+n+8:]
	chunks := size/chunkSize + min(size%chunkSize, 1)
	if chunks > uint64(len(p))/4 {
		return f, nil, errSums
	}
	f.size, f.chunks = int64(size), make([]uint32, chunks)
	for i := range f.chunks {
		f.chunks[i] = binary.LittleEndian.Uint32(p[4*i:])
	}
	return f, p[4*chunks:], nil
}

// sumWriter passes bytes on and sums them.
type sumWriter struct {
	w    io.Writer
	sums fileSums
	part int // bytes in the last chunk
}

func (s *sumWriter) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	for p := p[:n]; len(p) > 0; {
		if s.part == 0 {
			s.sums.chunks = append(s.sums.chunks, 0)
		}
		take := min(len(p), chunkSize-s.part)
		last := &s.sums.chunks[len(s.sums.chunks)-1]
		*last = crc32.Update(*last, castagnoli, p[:take])
		s.part = (s.part + take) % chunkSize
		p = p[take:]
	}
	s.sums.size += int64(n)
	return n, err
}

// checkedFile reads a file and checks each chunk the first time it is read.
type checkedFile struct {
	file  vfs.File
	block string
	sums  fileSums
	good  []atomic.Bool
}

func openChecked(fs vfs.FS, dir, block string, sums fileSums) (*checkedFile, error) {
	f, err := fs.Open(filepath.Join(dir, sums.name))
	if errors.Is(err, iofs.ErrNotExist) {
		return nil, &CorruptError{block, sums.name, err}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOpen, err)
	}
	size, err := f.Size()
	if err == nil && size != sums.size {
		err = fmt.Errorf("%d bytes, not %d", size, sums.size)
	}
	if err != nil {
		return nil, errors.Join(&CorruptError{block, sums.name, err}, f.Close())
	}
	return &checkedFile{f, block, sums, make([]atomic.Bool, len(sums.chunks))}, nil
}

// ReadAt implements io.ReaderAt. Its errors are *CorruptError: a disk that does
// not give back what it took is no better than one that gives back the wrong.
func (c *checkedFile) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off >= c.sums.size {
		return 0, io.EOF
	}
	want := p[:min(int64(len(p)), c.sums.size-off)]
	if err := c.read(want, off); err != nil {
		return 0, &CorruptError{c.block, c.sums.name, err}
	}
	if len(want) < len(p) {
		return len(want), io.EOF
	}
	return len(want), nil
}

// read fills p, which is within the file: at once where all chunks are known to
// be good, otherwise chunk by chunk.
func (c *checkedFile) read(p []byte, off int64) error {
	first, last := off/chunkSize, (off+int64(len(p))-1)/chunkSize
	for chunk := first; ; chunk++ {
		if chunk > last {
			return c.readGood(p, off)
		}
		if !c.good[chunk].Load() {
			break
		}
	}
	buf := chunkPool.Get().(*[chunkSize]byte) //nolint:errcheck // the pool holds nothing else
	defer chunkPool.Put(buf)
	for chunk := first; chunk <= last; chunk++ {
		content, err := c.check(chunk, buf[:])
		if err != nil {
			return err
		}
		at := chunk*chunkSize - off // where the chunk begins in p
		copy(p[max(at, 0):], content[max(-at, 0):])
	}
	return nil
}

var chunkPool = sync.Pool{New: func() any { return new([chunkSize]byte) }}

// readGood reads what was checked before. Fewer bytes than there were are damage.
func (c *checkedFile) readGood(p []byte, off int64) error {
	if n, err := c.file.ReadAt(p, off); n < len(p) {
		return err
	}
	return nil
}

// check reads a chunk into buf and checks it, whether it is known to be good or
// not.
func (c *checkedFile) check(chunk int64, buf []byte) ([]byte, error) {
	off := chunk * chunkSize
	p := buf[:min(chunkSize, c.sums.size-off)]
	if n, err := c.file.ReadAt(p, off); n < len(p) {
		return nil, err
	}
	if crc32.Checksum(p, castagnoli) != c.sums.chunks[chunk] {
		return nil, fmt.Errorf("checksum of bytes %d to %d", off, off+int64(len(p)))
	}
	c.good[chunk].Store(true)
	return p, nil
}

// verifyAll reads and checks the whole file.
func (c *checkedFile) verifyAll() error {
	buf := make([]byte, chunkSize)
	for chunk := range c.sums.chunks {
		if _, err := c.check(int64(chunk), buf); err != nil {
			return &CorruptError{c.block, c.sums.name, err}
		}
	}
	return nil
}

// readWhole returns the content of a small file. A file that is not there, or that
// the disk does not give back, is damage; one that cannot be opened for another
// reason is not.
func readWhole(fs vfs.FS, dir, block, name string, limit int64) (_ []byte, err error) {
	path := filepath.Join(dir, name)
	f, err := fs.Open(path)
	if err != nil && !errors.Is(err, iofs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", ErrOpen, err)
	}
	if err != nil {
		return nil, &CorruptError{block, name, err}
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	p, err := vfs.ReadAll(f, path, limit)
	if err != nil {
		return nil, &CorruptError{block, name, err}
	}
	return p, nil
}

// readChecked returns the content of a small file, checked.
func readChecked(fs vfs.FS, dir, block string, sums fileSums, limit int64) ([]byte, error) {
	p, err := readWhole(fs, dir, block, sums.name, limit)
	if err != nil {
		return nil, err
	}
	w := sumWriter{w: io.Discard}
	if _, err := w.Write(p); err != nil {
		return nil, err
	}
	if !slices.Equal(w.sums.chunks, sums.chunks) || w.sums.size != sums.size {
		return nil, &CorruptError{block, sums.name, errors.New("checksum")}
	}
	return p, nil
}
