package query

import (
	"math"
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

// Period is a stretch of time [From, To), Unix ns.
type Period struct{ From, To int64 }

const bucket = int64(model.RollupBucket)

// widen grows the period outward to whole rollup buckets.
func (p Period) widen() Period {
	from := minute(p.From)
	to := p.To + mod(-p.To, bucket)
	return Period{from, max(to, from+bucket)}
}

// minute is the rollup bucket that a time falls in.
func minute(ns int64) int64 { return ns - mod(ns, bucket) }

// mod is the remainder that is never negative.
func mod(a, b int64) int64 { return (a%b + b) % b }

// before is the period of the same length that ends where p begins.
func (p Period) before() Period { return Period{p.From - (p.To - p.From), p.From} }

// seconds is how much of the period has passed, so that a rate over a period
// that has only just begun is not too low. It is at least a second.
func (p Period) seconds(now time.Time) float64 {
	to := min(p.To, now.UnixNano())
	return max(time.Duration(to-p.From).Seconds(), 1)
}

// Beginner is a Reader that has seen nothing of what was before a time.
type Beginner interface{ Began() time.Time }

// began is when the reader began to see flows, Unix ns.
func (e *Engine) began() int64 {
	if b, ok := e.reader.(Beginner); ok {
		return b.Began().UnixNano()
	}
	return math.MinInt64
}

// seconds is how much of a period has passed that the reader has seen.
func (e *Engine) seconds(p Period) float64 {
	return Period{max(p.From, e.began()), p.To}.seconds(e.now())
}

// slots cuts a period into equal stretches of whole buckets; the last one may
// reach beyond the period's end.
type slots struct {
	from, width int64
	count       int
}

// slots returns at most n slots.
func (p Period) slots(n int64) slots {
	buckets := (p.To - p.From) / bucket
	perSlot := max(ceilDiv(buckets, n), 1)
	return slots{from: p.From, width: perSlot * bucket, count: int(ceilDiv(buckets, perSlot))}
}

func ceilDiv(a, b int64) int64 { return (a + b - 1) / b }

// of is the slot a bucket belongs to, held within the period.
func (s slots) of(bucket int64) int {
	return int(min(max((bucket-s.from)/s.width, 0), int64(s.count-1)))
}

// step is how wide a slot is.
func (s slots) step() time.Duration { return time.Duration(s.width) }

// start is when slot i begins, Unix ns.
func (s slots) start(i int) int64 { return s.from + int64(i)*s.width }
