// Package columns writes Parquet files a whole column at a time, from values
// that are interned already.
//
// A general writer takes rows and finds out what repeats. A block knows: its
// strings have numbers, so a dictionary is a renumbering and not a hash of every
// value. That is why this package exists; encodings, compression and metadata are
// parquet-go's and klauspost's, and any Parquet reader reads the result.
//
//	"PAR1"
//	of each column: [dictionary page] data pages, each of PageRows rows
//	bloom filters
//	column index (of sorted columns), offset index
//	footer, its length, "PAR1"
//
// A file has one row group, so a block must fit in memory while it is written;
// it does, it was the head. Columns are written in the order they are added and
// nothing of one is kept when the next comes. Pages are of version 1 with RLE
// levels, compressed with zstd. A column is dictionary coded while its
// dictionary is small, numbers are DELTA_BINARY_PACKED otherwise and strings
// DELTA_LENGTH_BYTE_ARRAY.
package columns
