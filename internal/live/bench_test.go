//go:build unix

package live

import (
	"fmt"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

// A million spans a second are 125,000 flows of eight. What following them
// costs is the processor time of a second of them, beside that of nobody. Flows
// of an operation go the same few ways; that each goes its own is the worst case.
func BenchmarkFollowers(b *testing.B) {
	for _, c := range []struct{ followers, ways int }{{0, 4}, {1, 4}, {1, 1e6}, {100, 4}, {1000, 4}, {1000, 1e6}} {
		b.Run(fmt.Sprintf("followers=%d/ways=%d", c.followers, c.ways), func(b *testing.B) {
			h := New(Config{})
			var wg sync.WaitGroup
			for i := range c.followers {
				f, err := h.Follow()
				if err != nil {
					b.Fatal(err)
				}
				if err := f.Subscribe("", someFilter(i), ""); err != nil {
					b.Fatal(err)
				}
				wg.Go(func() {
					for {
						if _, err := f.Next(b.Context()); err != nil {
							return
						}
					}
				})
			}
			flows := someFlows(c.ways)
			before := processorTime(b)
			for b.Loop() {
				publishSecond(h, flows)
			}
			b.ReportMetric(float64((processorTime(b)-before).Milliseconds())/float64(b.N), "cpu-ms/s")
			h.Close()
			wg.Wait()
		})
	}
}

// publishSecond publishes 125,000 flows in a second.
func publishSecond(h *Hub, flows []*model.Flow) {
	const perSecond, turns = 125_000, 20
	tick := time.NewTicker(time.Second / turns)
	defer tick.Stop()
	for range turns {
		<-tick.C
		for i := range perSecond / turns {
			h.Complete(flows[i%len(flows)], nil)
		}
		h.Flush()
	}
}

func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
