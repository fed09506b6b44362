package main

import (
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/analyze/compare"
)

// The recorded run is no part of what is compared with it.
func TestCandidateBehindTheRun(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 30, 0, time.UTC)
	const hour, since = "now-1h..now", "2026-11-23T11:55:00Z..now"
	for _, tc := range []struct {
		recorded, asked string
		ago             time.Duration
		want            string
	}{
		{"", "", 5*time.Minute + 30*time.Second, since},
		{"main", "main", 5*time.Minute + 30*time.Second, since},
		{"main", "", 5*time.Minute + 30*time.Second, since},
		{"main", "candidate", 5*time.Minute + 30*time.Second, hour}, // may have begun before
		{"main", "main", 2 * time.Hour, hour},
		{"main", "candidate", -30 * time.Second, hour},
		{"main", "main", -30 * time.Second, ""}, // its last minute is not over
	} {
		c := diffCmd{Environment: tc.asked}
		got, err := c.behind(&compare.Profile{Environment: tc.recorded, End: now.Add(-tc.ago)}, now)
		if got != tc.want || (err == nil) != (tc.want != "") {
			t.Errorf("%+v: %s, %v", tc, got, err)
		}
	}
}
