package query

import (
	"cmp"
	"slices"
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

// OpenFlow is a flow that is not counted yet, and for how long it has run.
type OpenFlow struct {
	*model.OpenFlow
	Elapsed time.Duration
}

// OpenPage is a page of flows that are not counted yet.
type OpenPage struct {
	Flows   []OpenFlow
	Total   int  // how many the query selects in all, of those that were looked at
	Partial bool // there are more open than were looked at
}

// Open is the page of open flows that q selects: by when they started, or for
// how long they have run. The status of q is of no account.
func Open(open model.OpenFlows, q model.FlowQuery) OpenPage {
	page := OpenPage{Partial: open.Total > len(open.List)}
	var found []OpenFlow
	for _, f := range open.List {
		elapsed := max(0, time.Duration(open.At.UnixNano()-f.Start))
		if selectsOpen(&q, f, elapsed) {
			found = append(found, OpenFlow{f, elapsed})
		}
	}
	slices.SortFunc(found, func(a, b OpenFlow) int {
		byStart := cmp.Compare(b.Start, a.Start)
		if q.ByDuration {
			byStart = -byStart
		}
		return cmp.Or(byStart, slices.Compare(a.TraceID[:], b.TraceID[:]))
	})
	page.Total = len(found)
	from := min(q.Offset, len(found))
	page.Flows = found[from:min(from+q.Limit, len(found))]
	return page
}

func selectsOpen(q *model.FlowQuery, f *model.OpenFlow, elapsed time.Duration) bool {
	switch {
	case f.Start < q.From, q.To != 0 && f.Start >= q.To,
		elapsed < q.MinDuration, q.MaxDuration != 0 && elapsed > q.MaxDuration,
		q.Operation != "" && f.Operation != q.Operation,
		q.Environment != "" && f.Environment != q.Environment:
		return false
	case q.Service == "" && q.Namespace == "":
		return true
	}
	named := Filter{Service: q.Service, Namespace: q.Namespace}
	return slices.ContainsFunc(f.Services, named.matches)
}
