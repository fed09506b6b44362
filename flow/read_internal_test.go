package flow

import "testing"

// TestLimitOfFlowsHolds has flows end while others are read: those that are looked
// for are in one page with them, or were forgotten.
func TestLimitOfFlowsHolds(t *testing.T) {
	t.Parallel()
	for name, most := range map[string]int{"beside": 1000, "forgotten": 50} {
		tracker := New(WithHistory(most, 1<<20))
		record := func(name string) {
			_, op := tracker.Start(t.Context(), name)
			op.End()
		}
		record("first")
		first, next := tracker.history.bounds()
		for range 100 {
			record("meanwhile")
		}
		record("newest")
		for _, limit := range []int{1, 3} {
			if got := tracker.between(first, next, limit); len(got) != limit || got[0].Operation() != "newest" {
				t.Errorf("%s: of %d flows %d are listed", name, limit, len(got))
			}
		}
		if got := len(tracker.Flows(3)); got != 3 {
			t.Errorf("%s: %d flows are listed", name, got)
		}
	}
}
