package storetest

import (
	"math/rand/v2"
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

// sums checks what the store answers to queries against the flows it counted.
func (c *contract) sums(where string, flows []*model.Flow, queries ...model.RollupQuery) {
	c.Helper()
	for _, q := range queries {
		got, err := c.Rollups(c.Context(), q)
		c.ok(err)
		if g, w := RollupsOf(got.List).String(), Answer(q, flows).String(); g != w || got.Partial {
			c.Fatalf("%s: rollups of %+v (partial %v)\n%s\nwant\n%s", where, q, got.Partial, g, w)
		}
	}
}

func (c *contract) rollups() {
	c.start()
	flows := c.putFlows(200)
	minute := func(n int64) int64 { return Epoch + n*int64(time.Minute) }
	c.everywhere(func(where string) {
		for _, step := range []time.Duration{0, time.Minute, 2 * time.Minute} {
			c.sums(where, flows,
				model.RollupQuery{Step: step}, model.RollupQuery{Step: step, Operation: "checkout"},
				model.RollupQuery{Step: step, Environment: "staging"}, model.RollupQuery{Step: step, Operation: "none"},
				model.RollupQuery{Step: step, From: minute(1), To: minute(2)},
				model.RollupQuery{Step: step, From: minute(1) + 1, To: minute(2) + 1},
				model.RollupQuery{Step: step, From: minute(50)},
				model.RollupQuery{Step: step, Operation: "login", To: minute(1)},
				model.RollupQuery{Step: step, Parts: model.RollupFlows},
				model.RollupQuery{Step: step, Parts: model.RollupNodes | model.RollupEdges},
			)
		}
	})
}

// days counts flows of three days, some of them anew after a flush, so that
// counts are taken back in another place than they are in. Whatever a store does
// to answer faster, the answer is the sum of the minutes.
func (c *contract) days() {
	const n, parts, span = 2400, 8, 3 * 24 * time.Hour
	c.start()
	gen, random := NewGen(10), rand.New(rand.NewPCG(10, 10))
	first := Epoch - int64(span)
	var flows []*model.Flow
	queries := daysQueries(random, first, span)
	for i := range n {
		f := Flow(gen.TraceID(), first+random.Int64N(int64(span)), i)
		f.Revision = 0
		flows = append(flows, f)
		c.PutFlow(f, nil)
		if i%5 == 4 {
			was := flows[random.IntN(i)]
			now, row := *was, *was.FlowSummary
			row.Duration, row.Status, row.Revision = was.Duration+int64(time.Second), model.FlowError, was.Revision+1
			now.FlowSummary = &row
			c.PutFlow(&now, was)
			*was = now
		}
		if i%(n/parts) == n/parts-1 {
			c.append(gen.Batch(1, 1))
			c.ok(c.Flush(c.Context()))
			c.sums("while it grows", flows, queries[:10]...) // the same questions again
		}
	}
	c.sums("in blocks", flows, queries...)
	c.ok(c.Maintain(c.Context()))
	c.sums("merged", flows, queries...)
	c.restartStore()
	c.sums("after a restart", flows, queries...)
}

// daysQueries are queries of random stretches, none of them full hours, alone and
// in steps that divide no hour.
func daysQueries(random *rand.Rand, first int64, span time.Duration) (out []model.RollupQuery) {
	steps := []time.Duration{0, 0, 7 * time.Minute, 84 * time.Minute, time.Hour, 25 * time.Hour}
	names := []string{"", "checkout", "login"}
	environments := []string{"", "prod"}
	for range 60 {
		from, to := first+random.Int64N(int64(span)), first+random.Int64N(int64(span))
		out = append(out, model.RollupQuery{
			From: min(from, to), To: max(from, to) + 1, Operation: names[random.IntN(3)], Environment: environments[random.IntN(2)],
			Step: steps[random.IntN(len(steps))], Parts: model.RollupParts(random.IntN(8)),
		})
	}
	return append(out, model.RollupQuery{}, model.RollupQuery{From: first + int64(span/2)}, model.RollupQuery{To: first + int64(span/2)})
}
