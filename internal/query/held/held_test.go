package held_test

import (
	"slices"
	"testing"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/query/held"
)

// list is flows of which some begin together and some take as long.
func list() []model.FlowSummary {
	var all []model.FlowSummary
	for i := range byte(20) {
		all = append(all, model.FlowSummary{TraceID: model.TraceID{15: i}, Start: int64(i / 3), Duration: int64(i % 4), Operation: "get"})
	}
	return all
}

func noSpans(model.TraceID) []model.Span { return nil }

// TestTracesArePaged reads all pages while the last trace of each is forgotten.
func TestTracesArePaged(t *testing.T) {
	for _, byDuration := range []bool{false, true} {
		all := list()
		var want, got []model.TraceID
		for _, f := range held.Flows(all, model.FlowQuery{ByDuration: byDuration, Limit: len(all)}).Flows {
			want = append(want, f.TraceID)
		}
		q := model.TraceQuery{ByDuration: byDuration, Limit: 3}
		for {
			page := held.Traces(all, noSpans, q)
			for _, f := range page.Traces {
				got = append(got, f.TraceID)
			}
			if page.Next == nil {
				break
			}
			q.After = page.Next
			all = slices.DeleteFunc(all, func(f model.FlowSummary) bool { return f.TraceID == page.Next.Last.TraceID })
		}
		if !slices.Equal(got, want) {
			t.Errorf("by duration %v: %v, want %v", byDuration, got, want)
		}
	}
}
