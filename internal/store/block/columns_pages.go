package block

import (
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
)

// pageReader reads the pages of a column that has one value a row.
type pageReader struct{ pages parquet.Pages }

func (r *pageReader) open(group parquet.RowGroup, path []string) error {
	chunk, err := chunkOf(group, path...)
	if err == nil {
		r.pages = chunk.Pages()
	}
	return err
}

func (r *pageReader) close() error {
	if r.pages == nil {
		return nil
	}
	err := r.pages.Close()
	r.pages = nil
	return err
}

// each calls yield with the pages of some rows and how many of a page's values,
// from the first, belong to them. The page is valid during the call.
func (r *pageReader) each(rows rowRange, yield func(page parquet.Page, n int) error) error {
	if err := r.pages.SeekToRow(rows.from); err != nil {
		return err
	}
	for left := rows.to - rows.from; left > 0; {
		page, err := r.pages.ReadPage()
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("%d rows are missing: %w", left, io.ErrUnexpectedEOF)
		}
		if err != nil {
			return err
		}
		n := min(page.NumValues(), left)
		left -= n
		err = yield(page, int(n))
		parquet.Release(page)
		if err != nil {
			return err
		}
	}
	return nil
}

// numberColumn is a column of int64 that has no dictionary.
type numberColumn struct {
	pageReader
	values []int64
}

func (c *numberColumn) load(rows rowRange) error {
	c.values = c.values[:0]
	return c.each(rows, func(page parquet.Page, n int) error {
		data := page.Data()
		c.values = append(c.values, data.Int64()[:n]...)
		return nil
	})
}

// bytesColumn is a column of byte arrays that has no dictionary.
type bytesColumn struct {
	pageReader
	data []byte
	ends []int
}

func (c *bytesColumn) load(rows rowRange) error {
	c.data, c.ends = c.data[:0], c.ends[:0]
	return c.each(rows, func(page parquet.Page, n int) error {
		values := page.Data()
		data, offsets := values.ByteArray()
		base := len(c.data) - int(offsets[0])
		c.data = append(c.data, data[offsets[0]:offsets[n]]...)
		for _, end := range offsets[1 : n+1] {
			c.ends = append(c.ends, base+int(end))
		}
		return nil
	})
}

// value is that of row i, valid until the next load.
func (c *bytesColumn) value(i int) []byte {
	from := 0
	if i > 0 {
		from = c.ends[i-1]
	}
	return c.data[from:c.ends[i]]
}

// dictColumn is a column with a dictionary.
type dictColumn struct {
	pageReader
	values  []parquet.Value // the dictionary
	indexes []int32
}

func (c *dictColumn) open(group parquet.RowGroup, path []string) error {
	c.values = c.values[:0]
	return c.pageReader.open(group, path)
}

// errNoDictionary says that a page is not coded as its column is written.
var errNoDictionary = errors.New("a page without a dictionary")

func (c *dictColumn) load(rows rowRange) error {
	c.indexes = c.indexes[:0]
	return c.each(rows, func(page parquet.Page, n int) error {
		dictionary := page.Dictionary()
		if dictionary == nil {
			return errNoDictionary
		}
		for i := len(c.values); i < dictionary.Len(); i++ {
			c.values = append(c.values, dictionary.Index(int32(i)).Clone())
		}
		data := page.Data()
		c.indexes = append(c.indexes, data.Int32()[:n]...)
		for _, at := range c.indexes[len(c.indexes)-n:] {
			if at < 0 || int(at) >= len(c.values) {
				return fmt.Errorf("value %d of a dictionary of %d", at, len(c.values))
			}
		}
		return nil
	})
}

// value is that of row i.
func (c *dictColumn) value(i int) parquet.Value { return c.values[c.indexes[i]] }

// text is value for a column of strings; it stays valid.
func (c *dictColumn) text(i int) string { return string(c.value(i).ByteArray()) }

// index is that of a text in the dictionary, -1 when it is not there.
func (c *dictColumn) index(text string) int32 {
	for i := range c.values {
		if string(c.values[i].ByteArray()) == text {
			return int32(i)
		}
	}
	return -1
}
