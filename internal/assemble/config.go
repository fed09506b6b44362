package assemble

import (
	"cmp"
	"time"
)

// Config has the times and limits of an Assembler. Zero fields have the
// default.
type Config struct {
	// Quiet is how long no span may come before a trace whose root has ended
	// is analysed. Default 2 s: services export their spans apart, and a flow
	// is to be seen within 5 s.
	Quiet time.Duration
	// Deadline is Quiet for a trace whose root is missing. Default 30 s.
	Deadline time.Duration
	// MaxAge is after how long a trace that is never quiet is analysed all the
	// same. Default 5 min.
	MaxAge time.Duration
	// Linger is how long the spans of a counted trace are kept for late ones
	// to be added. Default 30 s.
	Linger time.Duration
	// Remember is how long the id of a counted trace is kept at least, unless
	// there are MaxRemembered. Default 1 h.
	Remember time.Duration
	// MaxRemembered ids are kept. Default 1,000,000, some 40 MB.
	MaxRemembered int
	// MaxTraces may be open or linger, a third of them linger. Default 100,000.
	MaxTraces int
	// MaxSpans of one trace are analysed, the rest is dropped. Default
	// 200,000: beyond any real trace, it bounds one whose id is a constant.
	MaxSpans int
	// MaxBytes of batches are held by open and lingering traces. Default
	// 128 MiB: a second of spans at the most that is taken in. They are mostly
	// those of the store's head.
	MaxBytes int64
	// QueueBytes of batches wait to be taken up. Default 32 MiB, two requests
	// of the largest size.
	QueueBytes int64
}

func (c Config) withDefaults() Config {
	return Config{
		Quiet:         cmp.Or(c.Quiet, 2*time.Second),
		Deadline:      cmp.Or(c.Deadline, 30*time.Second),
		MaxAge:        cmp.Or(c.MaxAge, 5*time.Minute),
		Linger:        cmp.Or(c.Linger, 30*time.Second),
		Remember:      cmp.Or(c.Remember, time.Hour),
		MaxRemembered: cmp.Or(c.MaxRemembered, 1_000_000),
		MaxTraces:     cmp.Or(c.MaxTraces, 100_000),
		MaxSpans:      cmp.Or(c.MaxSpans, 200_000),
		MaxBytes:      cmp.Or(c.MaxBytes, 128<<20),
		QueueBytes:    cmp.Or(c.QueueBytes, 32<<20),
	}
}
