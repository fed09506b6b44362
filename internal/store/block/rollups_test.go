package block_test

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/store/block"
	"github.com/flowscope/flowscope/internal/store/storetest"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

// denseFlows are flows of every minute of a day and a half, enough for all tiers
// and for many pages of each.
func denseFlows() (flows []*model.Flow) {
	gen := storetest.NewGen(21)
	for i := range 36 * 60 * 2 {
		flows = append(flows, storetest.Flow(gen.TraceID(), storetest.Epoch+int64(i)*int64(30*time.Second), i/4%12))
	}
	return flows
}

func rollupsOf(flows []*model.Flow) []*model.Rollup {
	sums := map[model.RollupKey]*model.Rollup{}
	for _, f := range flows {
		key := model.KeyOf(f.FlowSummary)
		if sums[key] == nil {
			sums[key] = &model.Rollup{RollupKey: key, Graph: model.NewGraph()}
		}
		sums[key].AddFlow(f, 1)
	}
	var out []*model.Rollup
	for _, r := range sums {
		out = append(out, r)
	}
	return out
}

func TestTiersSumToMinutes(t *testing.T) {
	flows := denseFlows()
	b := write(t, vfs.NewMem(), &block.Content{WALSeq: 1, Created: created, Rollups: rollupsOf(flows)})
	want := []int64{int64(10 * time.Minute), int64(time.Hour), int64(6 * time.Hour), int64(24 * time.Hour)}
	if !slices.Equal(b.Meta.RollupTiers, want) {
		t.Fatalf("tiers %v, want %v", b.Meta.RollupTiers, want)
	}
	random := rand.New(rand.NewPCG(21, 21))
	from, span := storetest.Epoch, int64(36*time.Hour)
	for range 60 {
		x, y := from+random.Int64N(span), from+random.Int64N(span)
		q := model.RollupQuery{
			From: min(x, y), To: max(x, y) + 1, Operation: []string{"", "login", "none"}[random.IntN(3)],
			Environment: []string{"", "prod"}[random.IntN(2)], Parts: model.RollupParts(random.IntN(8)),
			Step: []time.Duration{0, 13 * time.Minute, 2 * time.Hour}[random.IntN(3)],
		}
		sums := block.NewRollupSums(q)
		ok(t, b.AddRollups(context.Background(), sums))
		if g, w := storetest.RollupsOf(sums.Rollups()).String(), storetest.Answer(q, flows).String(); g != w {
			t.Fatalf("%+v:\n%s\nwant\n%s", q, g, w)
		}
	}
	minutes := map[model.RollupKey]*model.Rollup{}
	ok(t, b.MergeRollups(context.Background(), minutes))
	got := storetest.NewRollups()
	for _, r := range minutes {
		got.Add(r)
	}
	if g, w := got.String(), storetest.Answer(model.RollupQuery{Step: model.RollupBucket}, flows).String(); g != w {
		t.Errorf("for merging:\n%s\nwant\n%s", g, w)
	}
}

// A tier that saves nothing is not written, nor the file when none is.
func TestTiersThatSaveNothing(t *testing.T) {
	gen := storetest.NewGen(22)
	var flows []*model.Flow
	for i := range 40 { // of one operation and environment, an hour between two
		f := storetest.Flow(gen.TraceID(), storetest.Epoch+int64(i)*int64(time.Hour), 12)
		flows = append(flows, f)
	}
	b := write(t, vfs.NewMem(), &block.Content{WALSeq: 1, Created: created, Rollups: rollupsOf(flows)})
	if want := []int64{int64(6 * time.Hour), int64(24 * time.Hour)}; !slices.Equal(b.Meta.RollupTiers, want) {
		t.Errorf("tiers %v, want %v", b.Meta.RollupTiers, want)
	}
	one := write(t, vfs.NewMem(), &block.Content{WALSeq: 1, Created: created, Rollups: rollupsOf(flows[:1])})
	if len(one.Meta.RollupTiers) != 0 {
		t.Errorf("one minute has tiers %v", one.Meta.RollupTiers)
	}
	sums := block.NewRollupSums(model.RollupQuery{})
	ok(t, one.AddRollups(context.Background(), sums))
	if g, w := storetest.RollupsOf(sums.Rollups()).String(), storetest.Answer(model.RollupQuery{}, flows[:1]).String(); g != w {
		t.Errorf("%s\nwant\n%s", g, w)
	}
}
