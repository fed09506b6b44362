package columns

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// PageRows is how many rows share a page of each column. A lookup decodes a page
// of every column; smaller ones would spend more on headers than they save.
const PageRows = 4096

const magic = "PAR1"

// Writer writes one file. Its methods return nothing: the first error stops all
// that follows and comes out of Close. It belongs to one goroutine.
type Writer struct {
	out    io.Writer
	offset int64
	rows   int
	err    error

	root   node
	chunks []*chunk
	filter Filter

	packer *zstd.Encoder
	plain  []byte // a page before compression
	packed []byte
	levels []byte
	refs   []int32 // of a column of strings: places in its dictionary
	dict   numberDict
	header headerEncoder
}

// NewWriter begins a file of so many rows.
func NewWriter(out io.Writer, rows int) (*Writer, error) {
	packer, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithEncoderCRC(false), zstd.WithAllLitEntropyCompression(true), zstd.WithLowerEncoderMem(true), zstd.WithWindowSize(largestPage))
	if err != nil {
		return nil, fmt.Errorf("columns: %w", err)
	}
	w := &Writer{out: out, rows: rows, packer: packer, root: node{name: "flowscope"}}
	w.write([]byte(magic))
	return w, nil
}

// largestPage is the window of the compressor: pages are rarely larger, and its
// tables are allocated for it.
const largestPage = 256 << 10

func (w *Writer) write(p []byte) {
	if w.err != nil {
		return
	}
	n, err := w.out.Write(p)
	w.offset += int64(n)
	w.err = err
}

// thrift writes a structure and returns where it begins and how long it is.
func (w *Writer) thrift(v any) (offset int64, length int32) {
	offset = w.offset
	w.write(w.encode(v))
	return offset, int32(w.offset - offset)
}

func (w *Writer) encode(v any) []byte {
	p, err := w.header.encode(v)
	if w.err == nil {
		w.err = err
	}
	return p
}

// Close writes the end of the file and returns the first error of all.
func (w *Writer) Close() error {
	if w.rows > 0 {
		w.indexes()
	}
	meta := format.FileMetaData{Version: 2, NumRows: int64(w.rows), CreatedBy: "flowscope version 1 (build )"}
	meta.Schema = w.root.elements(nil)
	if w.rows > 0 { // some readers refuse a row group without rows
		meta.RowGroups = thrift.Slice[format.RowGroup]{w.rowGroup()}
	}
	for range w.chunks {
		meta.ColumnOrders = append(meta.ColumnOrders, format.ColumnOrder{Value: new(format.TypeDefinedOrder)})
	}
	_, length := w.thrift(&meta)
	w.write(append(binary.LittleEndian.AppendUint32(nil, uint32(length)), magic...))
	return w.err
}

// indexes writes what is between the columns and the footer. Column indexes
// come first and together, then offset indexes: readers fetch each kind with one
// read.
func (w *Writer) indexes() {
	for _, c := range w.chunks {
		w.bloom(c)
	}
	for _, c := range w.chunks {
		if c.bounds != nil {
			c.chunk.ColumnIndexOffset, c.chunk.ColumnIndexLength = w.thrift(c.bounds)
		}
	}
	for _, c := range w.chunks {
		c.chunk.OffsetIndexOffset, c.chunk.OffsetIndexLength = w.thrift(&c.pages)
	}
}

// Filter is where the last bloom filter is, once the file is closed.
func (w *Writer) Filter() Filter { return w.filter }

func (w *Writer) rowGroup() format.RowGroup {
	g := format.RowGroup{NumRows: int64(w.rows)}
	for i, c := range w.chunks {
		g.Columns = append(g.Columns, c.chunk)
		g.TotalByteSize += c.chunk.MetaData.TotalUncompressedSize
		g.TotalCompressedSize += c.chunk.MetaData.TotalCompressedSize
		if c.bounds != nil {
			g.SortingColumns = append(g.SortingColumns, format.SortingColumn{ColumnIdx: int32(i)})
		}
	}
	if len(w.chunks) > 0 {
		g.FileOffset = int64(len(magic))
	}
	return g
}

// headerEncoder encodes Thrift structures into a buffer it keeps.
type headerEncoder struct {
	buf     []byte
	encoder *thrift.Encoder
}

func (h *headerEncoder) encode(v any) ([]byte, error) {
	if h.encoder == nil {
		h.encoder = thrift.NewEncoder(new(thrift.CompactProtocol).NewWriter(h))
	}
	h.buf = h.buf[:0]
	err := h.encoder.Encode(v)
	return h.buf, err
}

// Write implements io.Writer for the encoder.
func (h *headerEncoder) Write(p []byte) (int, error) {
	h.buf = append(h.buf, p...)
	return len(p), nil
}
