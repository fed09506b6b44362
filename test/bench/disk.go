package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// disk measures the folder of a settled store.
func (b *bench) disk(ctx context.Context, s *server) error {
	m, err := s.metrics(ctx)
	if err != nil {
		return err
	}
	stored := m["flowscope_store_stored_spans"]
	size, err := folderSize(filepath.Join(b.temp, dataLoaded))
	if err != nil {
		return err
	}
	b.report.set(diskBytes, float64(size)/stored, b.sample.zstd, "zstd level 3 of the wire in 1 MiB chunks")
	appended := m["flowscope_store_appended_spans_total"] // by this process
	b.report.fact(m["flowscope_store_wal_bytes_total"]/appended, unitBytes, "a span in the write-ahead log")
	b.report.fact(m["flowscope_store_wal_syncs_total"]/appended*1e6, "", "syncs of the log per million spans, %d connections", conns)
	b.report.fact(m["flowscope_store_blocks"], "", "blocks")
	b.report.Columns, err = columnSizes(filepath.Join(b.temp, dataLoaded, "blocks"), stored)
	return err
}

func folderSize(dir string) (size int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	return size, err
}

// columnSize is what a column of a file, or a whole file, takes of the disk.
type columnSize struct {
	Name    string  `json:"name"`
	PerSpan float64 `json:"bytesPerSpan"`
}

// columnSizes adds up the columns of spans.parquet over all blocks, from their
// footers, and the other files as they are; the largest come first.
func columnSizes(blocks string, spans float64) ([]columnSize, error) {
	files, err := filepath.Glob(filepath.Join(blocks, "*", "*"))
	if err != nil {
		return nil, err
	}
	sizes := map[string]int64{}
	for _, path := range files {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		name := filepath.Base(path)
		sizes[name] += info.Size()
		if name == "spans.parquet" {
			if err := addColumns(sizes, path, info.Size()); err != nil {
				return nil, fmt.Errorf("read %s: %w", path, err)
			}
		}
	}
	var out []columnSize
	for name, size := range sizes {
		out = append(out, columnSize{name, float64(size) / spans})
	}
	slices.SortFunc(out, func(x, y columnSize) int {
		return cmp.Or(cmp.Compare(y.PerSpan, x.PerSpan), strings.Compare(x.Name, y.Name))
	})
	return out, nil
}

// addColumns takes the columns of a Parquet file, and what is left of it as its
// footer, indexes and filters.
func addColumns(sizes map[string]int64, path string, size int64) (err error) {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	p, err := parquet.OpenFile(file, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return err
	}
	const prefix = "spans.parquet: "
	for _, group := range p.Metadata().RowGroups {
		for i := range group.Columns {
			column := &group.Columns[i].MetaData
			sizes[prefix+strings.Join(column.PathInSchema, ".")] += column.TotalCompressedSize
			size -= column.TotalCompressedSize
		}
	}
	sizes[prefix+"filter, indexes, footer"] += size
	return nil
}
