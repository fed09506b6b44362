package block_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/block"
	"github.com/flowscope/flowscope/internal/store/storetest"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

// flowsContent has flows a second apart, in several pages when n is large.
func flowsContent(n int) *block.Content {
	gen := storetest.NewGen(9)
	c := &block.Content{WALSeq: 7, Created: created}
	for i := range n {
		f := storetest.Flow(gen.TraceID(), storetest.Epoch+int64(i)*int64(time.Second), i)
		c.Flows = append(c.Flows, f.FlowSummary)
	}
	return c
}

// FindFlows and FlowRows answer what looking at every flow answers.
func TestFlowsOfManyQueries(t *testing.T) {
	c := flowsContent(10_000)
	b := write(t, vfs.NewMem(), c)
	random := rand.New(rand.NewPCG(3, 3))
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	for range 300 {
		q := model.FlowQuery{
			Operation: pick("", "", "checkout", "nothing"), Environment: pick("", "", "prod"),
			Service: pick("", "", "cart", "payment", "nobody"), Namespace: pick("", "", "shop", "other"),
			MinDuration: time.Duration(random.IntN(3)) * 20 * time.Millisecond, MaxDuration: time.Duration(random.IntN(3)) * 40 * time.Millisecond,
		}
		if status := model.FlowStatus(random.IntN(6)); status <= model.FlowTimeout {
			q.Status = &status
		}
		if random.IntN(2) == 0 {
			q.From = storetest.Epoch + random.Int64N(5000)*int64(time.Second)
			q.To = q.From + random.Int64N(5000)*int64(time.Second)
		}
		hits, err := b.FindFlows(t.Context(), &q)
		ok(t, err)
		var rows []int64
		for _, i := range random.Perm(len(hits))[:min(len(hits), 20)] {
			rows = append(rows, hits[i].Row)
		}
		flows, err := b.FlowRows(t.Context(), rows)
		ok(t, err)
		for i, row := range rows {
			if g, w := fmt.Sprintf("%+v", flows[i]), fmt.Sprintf("%+v", *c.Flows[row]); g != w {
				t.Fatalf("row %d is\n%s\nwant\n%s", row, g, w)
			}
		}
		for i, f := range c.Flows {
			if !block.MatchFlow(f, &q) {
				continue
			}
			want := block.FlowHit{TraceID: f.TraceID, Revision: f.Revision, Start: f.Start, Duration: f.Duration, Row: int64(i)}
			if len(hits) == 0 || hits[0] != want {
				t.Fatalf("%+v: missing %+v", q, want)
			}
			hits = hits[1:]
		}
		if len(hits) > 0 {
			t.Fatalf("%+v: %d hits too many", q, len(hits))
		}
	}
	revised, err := b.RevisedFlows(t.Context())
	ok(t, err)
	if len(revised) != 1000 || revised[0].Revision != 1 || revised[0].Row != 9 {
		t.Errorf("%d revised flows", len(revised))
	}
}

func BenchmarkFindFlows(b *testing.B) {
	const n = 60_000
	bl := write(b, vfs.NewMem(), flowsContent(n))
	failed := model.FlowError
	for name, q := range map[string]model.FlowQuery{
		"all":  {},
		"rare": {Service: "cart", Operation: "checkout", MinDuration: 99 * time.Millisecond, Status: &failed},
		"none": {Operation: "nothing"},
		"four": {Service: "cart", Operation: "checkout", MinDuration: 10 * time.Millisecond, Status: &failed},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := bl.FindFlows(b.Context(), &q); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/flow")
		})
	}
}
