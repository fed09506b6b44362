package flow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
)

// FolderExporter writes each flow to a file of its own, named by when it began
// and its trace id, and removes the oldest of these files when there are too
// many. The folder has to exist. Other files in it are left alone.
type FolderExporter struct {
	Dir      string
	Format   Format
	MaxFiles int // 0 is 1,000

	looked bool
	names  []string // of the files there are, oldest first
}

const defaultFolderFiles = 1000

// Export writes flows. A flow that cannot be written is lost.
func (e *FolderExporter) Export(_ context.Context, flows []Trace) error {
	if !e.looked {
		if err := e.look(); err != nil {
			return fmt.Errorf("export %d flows: %w", len(flows), err)
		}
	}
	var errs []error
	for _, f := range flows {
		errs = append(errs, e.write(f))
	}
	return errors.Join(append(errs, e.prune())...)
}

// look finds the files that an earlier process left. Their names sort by time.
func (e *FolderExporter) look() error {
	entries, err := os.ReadDir(e.Dir)
	if err != nil {
		return fmt.Errorf("read folder: %w", err)
	}
	ours := regexp.MustCompile(`^\d{8}T\d{6}\.\d{9}Z-[0-9a-f]{32}` + regexp.QuoteMeta(e.Format.extension()) + `$`)
	e.looked, e.names = true, nil
	for _, entry := range entries {
		if ours.MatchString(entry.Name()) {
			e.names = append(e.names, entry.Name())
		}
	}
	return nil
}

func (e *FolderExporter) write(f Trace) error {
	if len(f.Spans) == 0 {
		return nil
	}
	var buf bytes.Buffer
	if err := e.Format.Write(&buf, f); err != nil {
		return err
	}
	name := f.Spans[0].Start.UTC().Format("20060102T150405.000000000Z-") + f.TraceID.String() + e.Format.extension()
	if err := os.WriteFile(filepath.Join(e.Dir, name), buf.Bytes(), 0o600); err != nil {
		e.looked = false // look again: the folder may be gone, or the file half there
		return fmt.Errorf("write flow: %w", err)
	}
	if at, known := slices.BinarySearch(e.names, name); !known {
		e.names = slices.Insert(e.names, at, name)
	}
	return nil
}

// prune removes the oldest files. One that is gone already is none.
func (e *FolderExporter) prune() error {
	most := e.MaxFiles
	if most <= 0 {
		most = defaultFolderFiles
	}
	var errs []error
	for len(e.names) > most {
		if err := os.Remove(filepath.Join(e.Dir, e.names[0])); err != nil && !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, fmt.Errorf("remove old flow: %w", err))
		}
		e.names = slices.Delete(e.names, 0, 1)
	}
	return errors.Join(errs...)
}
