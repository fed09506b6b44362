package flow

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
)

// FileExporter appends each flow to a file as one line of JSON, as
// Trace.MarshalJSON has it. A file that is full is renamed, to Path.1, the one
// before to Path.2 and so on; what is beyond MaxFiles is removed. The folder has
// to exist; while it does not, flows are lost with an error, and once it does
// they are written. The file is created readable by its owner only.
type FileExporter struct {
	Path     string
	MaxBytes int64 // from which size on a file is full; 0 is 64 MiB
	MaxFiles int   // full files that are kept; 0 is 3, below 0 none

	file *os.File // nil unless it is open and all of it was written
	size int64
}

const (
	defaultFileBytes = 64 << 20
	defaultFiles     = 3
)

// Export appends flows. What cannot be written is lost; the next call opens the
// file anew.
func (e *FileExporter) Export(_ context.Context, flows []Trace) error {
	lines, errs := flowLines("", flows)
	var chunk []byte
	for _, line := range lines {
		if err := e.open(); err != nil {
			return fmt.Errorf("export %d flows: %w", len(flows), err)
		}
		if full := e.size + int64(len(chunk)); full > 0 && full+int64(len(line)) > e.maxBytes() {
			if err := e.rotate(chunk); err != nil {
				return fmt.Errorf("export %d flows: %w", len(flows), err)
			}
			chunk = chunk[:0]
		}
		chunk = append(chunk, line...)
	}
	if err := errors.Join(e.open(), e.write(chunk)); err != nil {
		return fmt.Errorf("export %d flows: %w", len(flows), err)
	}
	return errs
}

func (e *FileExporter) maxBytes() int64 {
	if e.MaxBytes <= 0 {
		return defaultFileBytes
	}
	return e.MaxBytes
}

// open opens the file to append to it. A line that a crash cut off is ended first.
func (e *FileExporter) open() error {
	if e.file != nil {
		return nil
	}
	file, err := os.OpenFile(e.Path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("open file: %w", err)
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err != nil {
		return errors.Join(fmt.Errorf("find end of file: %w", err), file.Close())
	}
	e.file, e.size = file, size
	var last [1]byte
	if size == 0 {
		return nil
	}
	if _, err := file.ReadAt(last[:], size-1); err != nil {
		return errors.Join(fmt.Errorf("read end of file: %w", err), e.Close())
	}
	if last[0] != '\n' {
		return e.write([]byte("\n"))
	}
	return nil
}

// write appends bytes to the open file. After an error the file is closed.
func (e *FileExporter) write(p []byte) error {
	if len(p) == 0 || e.file == nil {
		return nil
	}
	n, err := e.file.Write(p)
	e.size += int64(n)
	if err != nil {
		return errors.Join(fmt.Errorf("append to file: %w", err), e.Close())
	}
	return nil
}

// rotate writes what the file still takes, puts it aside and opens a new one.
func (e *FileExporter) rotate(last []byte) error {
	if err := e.write(last); err != nil {
		return err
	}
	if err := e.Close(); err != nil {
		return err
	}
	keep := max(cmp.Or(e.MaxFiles, defaultFiles), 0)
	if err := e.removeFrom(keep + 1); err != nil {
		return err
	}
	if keep == 0 {
		if err := os.Remove(e.Path); err != nil {
			return fmt.Errorf("remove full file: %w", err)
		}
		return e.open()
	}
	for n := keep - 1; n >= 0; n-- {
		from := e.Path
		if n > 0 {
			from = e.old(n)
		}
		if err := os.Rename(from, e.old(n+1)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("put full file aside: %w", err)
		}
	}
	return e.open()
}

// removeFrom removes full file n and those behind it, which a larger MaxFiles left.
func (e *FileExporter) removeFrom(n int) error {
	for ; ; n++ {
		switch err := os.Remove(e.old(n)); {
		case errors.Is(err, os.ErrNotExist):
			return nil
		case err != nil:
			return fmt.Errorf("remove old file: %w", err)
		}
	}
}

func (e *FileExporter) old(n int) string { return e.Path + "." + strconv.Itoa(n) }

// Close syncs the file to disk and closes it.
func (e *FileExporter) Close() error {
	if e.file == nil {
		return nil
	}
	file := e.file
	e.file, e.size = nil, 0
	var errs []error
	if err := file.Sync(); err != nil {
		errs = append(errs, fmt.Errorf("sync file: %w", err))
	}
	if err := file.Close(); err != nil {
		errs = append(errs, fmt.Errorf("close file: %w", err))
	}
	return errors.Join(errs...)
}
