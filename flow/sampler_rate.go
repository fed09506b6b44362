package flow

import (
	"fmt"
	"math"
	"sync/atomic"
	"time"
)

// rateLimited is a token bucket as one number: when the bucket would be full
// again (the generic cell rate algorithm).
type rateLimited struct {
	perSecond float64
	began     time.Time
	interval  int64 // ns that a token takes to come
	depth     int64 // ns that a full bucket takes to come
	full      atomic.Int64
}

// RateLimited keeps so many flows a second and measures the others. After a
// quiet time it keeps burst of them at once. A rate of zero or less keeps none.
func RateLimited(perSecond float64, burst int) Sampler {
	if !(perSecond > 0) { // nor is NaN
		return Measure
	}
	const longest = math.MaxInt64 / 8 // which is 36 years
	interval := math.Min(math.Max(float64(time.Second)/perSecond, 1), longest)
	return &rateLimited{
		perSecond: perSecond,
		began:     time.Now(),
		interval:  int64(interval),
		depth:     int64(math.Min(interval*float64(max(burst, 1)), longest)),
	}
}

func (s *rateLimited) String() string { return fmt.Sprintf("%v flows a second", s.perSecond) }

func (s *rateLimited) Sample(Beginning) Decision {
	now := int64(time.Since(s.began))
	for {
		full := s.full.Load()
		next := max(full, now) + s.interval
		if next-now > s.depth {
			return Measure
		}
		if s.full.CompareAndSwap(full, next) {
			return Keep
		}
	}
}
