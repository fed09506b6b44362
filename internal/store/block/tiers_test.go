package block

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

// The example of docs/format/blocks.md.
func TestCoverOfAWeek(t *testing.T) {
	from := time.Date(2026, 11, 13, 9, 37, 0, 0, time.UTC)
	var got []string
	for _, s := range cover(nil, coarseTiers(), from.UnixNano(), from.AddDate(0, 0, 7).UnixNano(), 0) {
		got = append(got, fmt.Sprintf("%d × %v", (s.to-s.from)/s.width, time.Duration(s.width)))
	}
	want := "3 × 1m0s, 2 × 10m0s, 2 × 1h0m0s, 2 × 6h0m0s, 6 × 24h0m0s, 1 × 6h0m0s, 3 × 1h0m0s, 3 × 10m0s, 7 × 1m0s"
	if s := strings.Join(got, ", "); s != want {
		t.Errorf("%s, want %s", s, want)
	}
}

// Whatever a query asks and whichever tiers a block has, each of its minutes is
// in exactly one stretch when it is in the period, in the right slot, and in none
// when it is not.
func TestStretches(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	minutes := func(n int64) int64 { return random.Int64N(n) * minuteTier }
	for range 500 {
		m := &Meta{RollupMinTime: 1e18/minuteTier*minuteTier + minutes(3000)}
		m.RollupMaxTime = m.RollupMinTime + minutes(3000)
		for _, w := range coarseTiers() {
			if random.IntN(3) > 0 {
				m.RollupTiers = append(m.RollupTiers, w)
			}
		}
		q := model.RollupQuery{Step: time.Duration(minutes(400))}
		if random.IntN(4) > 0 {
			q.From = m.RollupMinTime - minutes(1000) + minutes(3000) + random.Int64N(3)
		}
		if random.IntN(4) > 0 {
			q.To = q.From + 1 + minutes(3000) + random.Int64N(3)
		}
		if q.From == 0 {
			q.Step = 0 // slots from 1970 on are too many to look at here
		}
		all := m.stretches(q)
		for at := m.RollupMinTime; at <= m.RollupMaxTime; at += minuteTier {
			var in []stretch
			for _, s := range all {
				if bucket := floorTo(at, s.width); s.from <= bucket && bucket < s.to {
					in = append(in, s)
				}
			}
			wanted := at > q.From-minuteTier && (q.To == 0 || at < q.To)
			if wanted != (len(in) == 1) || len(in) > 1 || (wanted && in[0].slot != SlotOf(at, q)) {
				t.Fatalf("%+v of %d to %d in %v: minute %d is in %v", q, m.RollupMinTime, m.RollupMaxTime, m.RollupTiers, at, in)
			}
		}
	}
}

func TestCeilTo(t *testing.T) {
	for _, tc := range []struct{ at, want int64 }{
		{0, 0}, {1, 60}, {60, 60}, {-1, 0}, {-60, -60}, {math.MaxInt64, math.MaxInt64 - math.MaxInt64%60}, {math.MinInt64 + 60, math.MinInt64 + 60 - (math.MinInt64+60)%60},
	} {
		if got := ceilTo(tc.at, 60); got != tc.want {
			t.Errorf("ceilTo(%d) = %d, want %d", tc.at, got, tc.want)
		}
	}
}
