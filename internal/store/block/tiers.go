package block

import (
	"cmp"
	"math"
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

// minuteTier is what flows are counted by. The other tiers are the same counts
// added up over wider buckets, so that a week is a few days, some hours and some
// minutes at both ends instead of ten thousand minutes.
const minuteTier = int64(model.RollupBucket)

// coarseTiers are the widths of the other tiers, ns, the narrowest first. Each
// is a multiple of the one before; buckets begin at multiples since 1970.
func coarseTiers() []int64 {
	return []int64{int64(10 * time.Minute), int64(time.Hour), int64(6 * time.Hour), int64(24 * time.Hour)}
}

// stretch is a run of buckets of one width that are part of an answer: those
// that begin in [from, to).
type stretch struct {
	width    int64
	from, to int64
	slot     int64 // when the slot of the answer that they belong to begins
}

// compare orders a stretch against one of a width that begins at from.
func (s stretch) compare(width, from int64) int {
	return cmp.Or(cmp.Compare(s.width, width), cmp.Compare(s.from, from))
}

// cover cuts [from, to), whole minutes, into the widest buckets there are.
// widths are those of the block, ascending.
func cover(dst []stretch, widths []int64, from, to, slot int64) []stretch {
	if from >= to {
		return dst
	}
	if len(widths) == 0 {
		return append(dst, stretch{minuteTier, from, to, slot})
	}
	width, narrower := widths[len(widths)-1], widths[:len(widths)-1]
	first, last := ceilTo(from, width), floorTo(to, width)
	if first >= last {
		return cover(dst, narrower, from, to, slot)
	}
	dst = cover(dst, narrower, from, first, slot)
	dst = append(dst, stretch{width, first, last, slot})
	return cover(dst, narrower, last, to, slot)
}

// stretches are what a query needs of a block.
func (m *Meta) stretches(q model.RollupQuery) []stretch {
	from, to := m.RollupMinTime, m.RollupMaxTime+minuteTier
	if n := len(m.RollupTiers); n > 0 { // outward: a whole day stays one
		widest := m.RollupTiers[n-1]
		from, to = floorTo(from, widest), ceilTo(to, widest)
	}
	begin := floorTo(q.From, minuteTier)
	from = max(from, begin)
	if q.To != 0 {
		to = min(to, ceilTo(q.To, minuteTier))
	}
	if q.Step == 0 {
		return cover(nil, m.RollupTiers, from, to, begin)
	}
	var out []stretch
	for slot := SlotOf(from, q); slot < to; slot += int64(q.Step) {
		out = cover(out, m.RollupTiers, max(slot, from), min(slot+int64(q.Step), to), slot)
	}
	return out
}

// SlotOf is when the slot of a query that a bucket is in begins, Unix ns.
func SlotOf(bucket int64, q model.RollupQuery) int64 {
	begin := floorTo(q.From, minuteTier)
	if q.Step == 0 {
		return begin
	}
	return begin + floorTo(bucket-begin, int64(q.Step))
}

func floorTo(t, width int64) int64 { return t - (t%width+width)%width }

// ceilTo does not go past the last multiple that there is.
func ceilTo(t, width int64) int64 {
	if t > math.MaxInt64-width {
		return floorTo(t, width)
	}
	return -floorTo(-t, width)
}
