package query

import (
	"testing"
	"time"
)

func TestWiden(t *testing.T) {
	for _, c := range []struct{ in, want Period }{
		{Period{0, bucket}, Period{0, bucket}},
		{Period{1, bucket}, Period{0, bucket}},
		{Period{bucket - 1, bucket + 1}, Period{0, 2 * bucket}},
		{Period{5, 5}, Period{0, bucket}},
		{Period{bucket, bucket}, Period{bucket, 2 * bucket}},
		{Period{-1, 1}, Period{-bucket, bucket}},
	} {
		if got := c.in.widen(); got != c.want {
			t.Errorf("%v widens to %v, want %v", c.in, got, c.want)
		}
	}
}

// Every bucket of a period has its slot, slots do not outnumber what was asked
// for, and none is without a bucket.
func TestSlots(t *testing.T) {
	for buckets := int64(1); buckets < 200; buckets++ {
		p := Period{7 * bucket, (7 + buckets) * bucket}
		s := p.slots(30)
		if s.count < 1 || s.count > 30 {
			t.Fatalf("%d buckets in %d slots", buckets, s.count)
		}
		used := map[int]bool{}
		for at := p.From; at < p.To; at += bucket {
			i := s.of(at)
			used[i] = true
			if at < s.start(i) || at >= s.start(i+1) {
				t.Fatalf("bucket at %d is in slot %d, which begins at %d", at, i, s.start(i))
			}
		}
		if len(used) != s.count {
			t.Errorf("%d buckets use %d of %d slots", buckets, len(used), s.count)
		}
	}
}

func TestSeconds(t *testing.T) {
	p := Period{0, 10 * int64(time.Second)}
	for now, want := range map[int64]float64{4: 4, 10: 10, 60: 10, 0: 1, -5: 1} {
		if got := p.seconds(time.Unix(now, 0)); got != want {
			t.Errorf("at %d s, %v s have passed, want %v", now, got, want)
		}
	}
}
