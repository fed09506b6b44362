package storecmd

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// target is where an export goes: one stream, or a file a part in a directory. A
// file appears under its name when it is whole.
type target struct {
	format string
	dir    string // empty when there is one stream
	file   *os.File
	name   string // of file once it is whole
	out    *bufio.Writer
	sink   sink // of the part that was begun last
}

func newTarget(format, out string, stdout io.Writer) (*target, error) {
	t := &target{format: format}
	if out == "-" {
		t.out = bufio.NewWriter(stdout)
		t.sink = newSink(format, t.out)
		return t, nil
	}
	if info, err := os.Stat(out); err == nil && info.IsDir() {
		t.dir = out
		return t, nil
	}
	return t, t.create(out)
}

func (t *target) create(name string) error {
	if _, err := os.Lstat(name); err == nil {
		return fmt.Errorf("export to %s: %w", name, fs.ErrExist)
	}
	file, err := os.Create(name + ".tmp")
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	t.file, t.name, t.out = file, name, bufio.NewWriterSize(file, 1<<20)
	t.sink = newSink(t.format, t.out)
	return nil
}

// begin starts a part.
func (t *target) begin(part string) error {
	if t.dir == "" {
		return nil
	}
	if err := t.close(true); err != nil {
		return err
	}
	return t.create(filepath.Join(t.dir, part+extension(t.format)))
}

// close ends what was begun. A file that is not whole is removed.
func (t *target) close(whole bool) error {
	if t.sink == nil {
		return nil
	}
	err := errors.Join(t.sink.close(), t.out.Flush())
	t.sink = nil
	if t.file == nil {
		return err
	}
	temp := t.file.Name()
	err = errors.Join(err, t.file.Close())
	if err != nil || !whole {
		return errors.Join(err, os.Remove(temp))
	}
	return os.Rename(temp, t.name)
}

func extension(format string) string {
	switch format {
	case FormatParquet:
		return ".parquet"
	case FormatOTLP:
		return ".otlp"
	default:
		return ".jsonl"
	}
}
