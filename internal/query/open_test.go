package query_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/query"
)

func TestOpen(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	began := func(id byte, ago time.Duration, operation, environment string, service model.Node) *model.OpenFlow {
		return &model.OpenFlow{TraceID: model.TraceID{id}, Start: at.Add(-ago).UnixNano(), Operation: operation, Environment: environment, Services: []model.Node{service}}
	}
	web := model.Node{Namespace: "shop", Name: "web"}
	open := model.OpenFlows{At: at, Total: 5, List: []*model.OpenFlow{
		began(1, 3*time.Second, "login", "prod", web), began(2, time.Second, "", "", model.Node{Name: "web"}),
		began(3, 5*time.Second, "pay", "prod", web), began(4, -time.Second, "pay", "staging", web), // its clock is ahead
	}}
	for _, c := range []struct {
		want  string
		query model.FlowQuery
	}{
		{"[4 2 1 3] of 4", model.FlowQuery{}},
		{"[3 1 2 4] of 4", model.FlowQuery{ByDuration: true}},
		{"[2 1] of 4", model.FlowQuery{Offset: 1, Limit: 2}},
		{"[] of 4", model.FlowQuery{Offset: 9}},
		{"[4 3] of 2", model.FlowQuery{Operation: "pay"}},
		{"[1 3] of 2", model.FlowQuery{Environment: "prod"}},
		{"[4 1 3] of 3", model.FlowQuery{Namespace: "shop", Service: "web"}},
		{"[] of 0", model.FlowQuery{Service: "cart"}},
		{"[1 3] of 2", model.FlowQuery{MinDuration: 2 * time.Second}},
		{"[4 2] of 2", model.FlowQuery{MaxDuration: 2 * time.Second}},
		{"[1] of 1", model.FlowQuery{From: at.Add(-4 * time.Second).UnixNano(), To: at.Add(-time.Second).UnixNano()}},
	} {
		q, want := c.query, c.want
		if q.Limit == 0 {
			q.Limit = 10
		}
		page := query.Open(open, q)
		ids := []byte{}
		for _, f := range page.Flows {
			if ids = append(ids, f.TraceID[0]); f.Elapsed < 0 {
				t.Errorf("%d elapsed %v", f.TraceID[0], f.Elapsed)
			}
		}
		if got := fmt.Sprintf("%v of %d", ids, page.Total); got != want || !page.Partial {
			t.Errorf("%+v: got %s, want %s, partial %v", q, got, want, page.Partial)
		}
	}
}
