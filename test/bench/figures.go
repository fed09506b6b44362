package main

import (
	"math"
	"slices"
	"time"
)

// quantile is the smallest value that a share q of all does not exceed. It sorts
// the values; there is at least one.
func quantile(values []time.Duration, q float64) time.Duration {
	slices.Sort(values)
	return values[max(int(math.Ceil(q*float64(len(values))))-1, 0)]
}

func millis(d time.Duration) float64 { return float64(d) / 1e6 }

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
