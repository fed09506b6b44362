package query

import (
	"math"

	"github.com/flowscope/flowscope/internal/sketch"
)

// Latency is what lists say of a distribution of durations, in milliseconds.
type Latency struct{ Avg, P50, P95, P99 float64 }

func latencyOf(s *sketch.Sketch) Latency {
	return Latency{
		Avg: millis(s.Mean()),
		P50: millis(s.Quantile(0.50)),
		P95: millis(s.Quantile(0.95)),
		P99: millis(s.Quantile(0.99)),
	}
}

// millis turns ns into ms without the digits below a nanosecond.
func millis(ns float64) float64 { return math.Round(ns) / 1e6 }

// share is part/whole, 0 when there is no whole.
func share(part, whole int64) float64 {
	if whole <= 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
