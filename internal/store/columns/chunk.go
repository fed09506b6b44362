package columns

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go/bloom"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// Levels say which rows of a column have a value. The zero value is a column
// with one in each row.
type Levels struct {
	// Def is 1 for each entry that has a value and 0 for a null or an empty
	// list. Nil: all have one.
	Def []uint8
	// Rep is 0 where an entry begins a row and 1 where it continues the list of
	// the one before. Nil: each entry is a row.
	Rep []uint8
}

// chunk is a column in the file, its place and what the footer says of it.
type chunk struct {
	chunk  format.ColumnChunk
	pages  format.OffsetIndex
	bounds *format.ColumnIndex // of a sorted column
	filter bloom.SplitBlockFilter
}

// values are the values of a column, nulls left out.
type values struct {
	n        int
	encoding format.Encoding
	// encode appends values [from, to) in the encoding.
	encode func(dst []byte, from, to int) ([]byte, error)
	// dictionary is the content of the dictionary page, size entries; 0 has none.
	dictionary []byte
	size       int
	raw        bool // not worth compressing
}

// add writes a column.
func (w *Writer) add(path []string, l leaf, lv Levels, v values) *chunk {
	c := &chunk{}
	meta := &c.chunk.MetaData
	meta.Type, meta.PathInSchema, meta.Codec = l.typ, path, format.Zstd
	if v.raw {
		meta.Codec = format.Uncompressed
	}
	w.place(path, l, lv)
	w.chunks = append(w.chunks, c)
	if v.size > 0 {
		meta.DictionaryPageOffset = w.offset
		header := format.PageHeader{Type: format.DictionaryPage}
		header.DictionaryPageHeader = thrift.New(format.DictionaryPageHeader{NumValues: int32(v.size), Encoding: format.Plain})
		w.page(c, &header, v.dictionary)
		meta.Encoding = append(meta.Encoding, format.Plain)
	}
	meta.Encoding = append(meta.Encoding, v.encoding)
	if lv.Def != nil || lv.Rep != nil {
		meta.Encoding = append(meta.Encoding, format.RLE)
	}
	meta.DataPageOffset = w.offset
	entries := w.dataPages(c, lv, v)
	meta.NumValues = int64(entries)
	meta.Statistics.NullCount = int64(entries - v.n)
	return c
}

// place puts a column into the schema.
func (w *Writer) place(path []string, l leaf, lv Levels) {
	at := &w.root
	for i, name := range path {
		at = at.child(name)
		at.list = lv.Rep != nil && i == 0
		if lv.Rep != nil && i == 1 {
			at.repeat = format.Repeated
		}
	}
	at.leaf = &l
	if lv.Def != nil && lv.Rep == nil {
		at.repeat = format.Optional
	}
}

// dataPages writes the pages of a column and returns how many entries they have.
func (w *Writer) dataPages(c *chunk, lv Levels, v values) (entries int) {
	value := 0
	for row := 0; row < w.rows && w.err == nil; row += PageRows {
		rows := min(PageRows, w.rows-row)
		end := entries + rows
		if lv.Rep != nil {
			end = entries + listed(lv.Rep[entries:], rows)
		}
		last := value + end - entries
		if lv.Def != nil {
			last = value + present(lv.Def[entries:end])
		}
		w.levels = w.levels[:0]
		w.plain = w.appendLevels(w.plain[:0], lv.Rep, entries, end)
		w.plain = w.appendLevels(w.plain, lv.Def, entries, end)
		var err error
		if w.plain, err = v.encode(w.plain, value, last); err != nil {
			w.err = fmt.Errorf("columns: %v: %w", c.chunk.MetaData.PathInSchema, err)
			return end
		}
		header := format.PageHeader{Type: format.DataPage}
		header.DataPageHeader = thrift.New(format.DataPageHeader{
			NumValues: int32(end - entries), Encoding: v.encoding,
			DefinitionLevelEncoding: format.RLE, RepetitionLevelEncoding: format.RLE,
			Statistics: format.Statistics{NullCount: int64(end - entries - (last - value))},
		})
		offset := w.offset
		w.page(c, &header, w.plain)
		c.pages.PageLocations = append(c.pages.PageLocations, format.PageLocation{
			Offset: offset, CompressedPageSize: int32(w.offset - offset), FirstRowIndex: int64(row),
		})
		entries, value = end, last
	}
	return entries
}

// listed is how many entries the first rows of a list column have.
func listed(rep []uint8, rows int) int {
	for i, r := range rep {
		if r == 0 {
			if rows == 0 {
				return i
			}
			rows--
		}
	}
	return len(rep)
}

func present(def []uint8) (n int) {
	for _, d := range def {
		n += int(d)
	}
	return n
}

// appendLevels appends the levels of entries [from, to) and their length.
func (w *Writer) appendLevels(dst []byte, levels []uint8, from, to int) []byte {
	if levels == nil {
		return dst
	}
	packed, err := (&rle.Encoding{BitWidth: 1}).EncodeLevels(w.levels[:0], levels[from:to])
	if w.levels = packed; w.err == nil {
		w.err = err
	}
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(packed)))
	return append(dst, packed...)
}

// page compresses and writes a page and completes its header.
func (w *Writer) page(c *chunk, header *format.PageHeader, content []byte) {
	packed := content
	if c.chunk.MetaData.Codec == format.Zstd {
		w.packed = w.packer.EncodeAll(content, w.packed[:0])
		packed = w.packed
	}
	header.UncompressedPageSize, header.CompressedPageSize = int32(len(content)), int32(len(packed))
	head := w.encode(header)
	meta := &c.chunk.MetaData
	meta.TotalUncompressedSize += int64(len(head) + len(content))
	meta.TotalCompressedSize += int64(len(head) + len(packed))
	w.write(head)
	w.write(packed)
}

// Filter is where the bits of a bloom filter are in a file.
type Filter struct {
	Offset int64 `json:"offset"`
	Bytes  int64 `json:"bytes"`
}

// Check reports whether the filter may hold a value. It reads 32 bytes.
func (f Filter) Check(file io.ReaderAt, value []byte) (bool, error) {
	if f.Bytes == 0 {
		return false, nil
	}
	return bloom.CheckSplitBlock(io.NewSectionReader(file, f.Offset, f.Bytes), f.Bytes, bloom.XXH64{}.Sum64(value))
}

// bloomBits gives a bloom filter one false yes in a hundred.
const bloomBits = 10

// bloom writes the bloom filter of a column that has one.
func (w *Writer) bloom(c *chunk) {
	if len(c.filter) == 0 {
		return
	}
	header := format.BloomFilterHeader{NumBytes: int32(len(c.filter) * bloom.BlockSize)}
	header.Algorithm.Value, header.Hash.Value = new(format.SplitBlockAlgorithm), new(format.XxHash)
	header.Compression.Value = new(format.BloomFilterUncompressed)
	begin, _ := w.thrift(&header)
	w.filter = Filter{Offset: w.offset, Bytes: int64(len(c.filter) * bloom.BlockSize)}
	w.write(c.filter.Bytes())
	c.chunk.MetaData.BloomFilterOffset, c.chunk.MetaData.BloomFilterLength = begin, int32(w.offset-begin)
}
