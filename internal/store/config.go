package store

import (
	"cmp"
	"log/slog"
	"time"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

// Config says where and how a store keeps its data. Zero fields take the
// defaults given with them.
type Config struct {
	Dir string // the data directory; required
	FS  vfs.FS // default: the machine's filesystem

	// HeadBytes of spans in memory make a block. Default 64 MiB, some 200,000
	// spans: blocks of that size are rarely merged and quickly written.
	HeadBytes int64
	// HeadAge is how old a head may get before it is made a block. Default 5
	// minutes, which bounds what a start must replay.
	HeadAge time.Duration
	// MaxUnflushedBytes bounds the spans that are in no block yet. Default two
	// and a half heads: one that is filled, one that is written, and what comes
	// while the two change places.
	MaxUnflushedBytes int64

	// MinFree bytes of the disk stay free: below that Append fails with ErrLow.
	// 0 leaves free only what the spans in no block yet need to become blocks,
	// which is kept in any case.
	MinFree int64

	Retention Retention // default: everything is kept

	// CompactSpans and CompactBytes bound the block a merge makes: its spans, and
	// the memory that making it takes. Defaults 300,000 and 150 MB, about what
	// writing a full head takes; 200,000 usual spans take 100 MB.
	CompactSpans, CompactBytes int64

	// Find bounds what one FindTraces may cost. Its defaults are above what a
	// day of a busy server takes and below what would starve its ingest.
	Find model.FindLimits

	Logger *slog.Logger     // default: slog.Default
	Now    func() time.Time // default: time.Now
}

func (c Config) withDefaults() Config {
	if c.FS == nil {
		c.FS = vfs.OS{}
	}
	c.HeadBytes = cmp.Or(c.HeadBytes, 64<<20)
	c.HeadAge = cmp.Or(c.HeadAge, 5*time.Minute)
	c.MaxUnflushedBytes = cmp.Or(c.MaxUnflushedBytes, c.HeadBytes/2*5)
	c.CompactSpans = cmp.Or(c.CompactSpans, 300_000)
	c.CompactBytes = cmp.Or(c.CompactBytes, 150e6)
	c.Find = findDefaults(c.Find)
	c.Logger = cmp.Or(c.Logger, slog.Default())
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// findDefaults fills in the limits of FindTraces: 10 s is as long as a person
// waits, and a third of the API's deadline; 500 million rows are a week at a
// thousand spans a second; 8 GiB of compressed columns are what two cores
// decompress in about that time.
func findDefaults(l model.FindLimits) model.FindLimits {
	l.Time = cmp.Or(l.Time, 10*time.Second)
	l.Rows = cmp.Or(l.Rows, 500_000_000)
	l.Bytes = cmp.Or(l.Bytes, 8<<30)
	return l
}
