package demo

import (
	"context"
	"math"
	"math/rand/v2"
	"time"
)

// clock is simulated time: it starts at zero and runs speed times as fast as real time.
type clock struct {
	start time.Time
	speed float64
}

func newClock(speed float64) clock { return clock{start: time.Now(), speed: speed} }

func (c clock) now() time.Duration {
	return time.Duration(float64(time.Since(c.start)) * c.speed)
}

func (c clock) real(d time.Duration) time.Duration { return time.Duration(float64(d) / c.speed) }

// sleep waits d of simulated time or until ctx is done, and says which.
func (c clock) sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(c.real(d))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c clock) withTimeout(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, c.real(d))
}

// latency is a log-normal distribution, the usual shape of service times, given by two of its percentiles.
type latency struct{ median, p99 time.Duration }

// lat gives the percentiles in milliseconds.
func lat(median, p99 float64) latency {
	return latency{
		median: time.Duration(median * float64(time.Millisecond)),
		p99:    time.Duration(p99 * float64(time.Millisecond)),
	}
}

func (l latency) draw(rng *rand.Rand) time.Duration {
	const z99 = 2.326 // the 99th percentile of the standard normal distribution
	sigma := math.Log(float64(l.p99)/float64(l.median)) / z99
	d := time.Duration(float64(l.median) * math.Exp(sigma*rng.NormFloat64()))
	return min(d, 2*l.p99) // no freak of hours
}
