package flowhttp_test

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowscope/flowscope/flow"
)

type metrics struct {
	Name       string
	Count      int64
	ErrorCount int64
	AvgLatency float64 // ms, as all
	P50Latency float64
	P99Latency float64
}

// operations are what the API counts, by name.
func operations(t *testing.T, h http.Handler) map[string]metrics {
	t.Helper()
	list := decoded[struct{ Operations []metrics }](t, get(h, "/debug/flow/api/v1/operations?startTime=now-5h"))
	out := map[string]metrics{}
	for _, m := range list.Operations {
		if out[m.Name].Name != "" {
			t.Errorf("%s is listed twice", m.Name)
		}
		out[m.Name] = m
	}
	return out
}

// ended records a flow that took so long, in no time.
func ended(t *testing.T, tracker *flow.Tracker, name string, took time.Duration, err error) {
	t.Helper()
	ctx, op := tracker.StartSpec(t.Context(), flow.Spec{Name: name, Kind: flow.Server, At: time.Now().Add(-took)})
	_, inner := flow.Start(ctx, "step")
	inner.End()
	op.Fail(err)
	op.End()
}

// truth is what ended has been told.
type truth struct {
	count, errors int64
	sum           time.Duration
}

func (w truth) and(took time.Duration, err error) truth {
	w.count++
	w.sum += took
	if err != nil {
		w.errors++
	}
	return w
}

// near holds what the API says of an operation to the truth, and its latencies to
// the recorder's own.
func near(t *testing.T, tracker *flow.Tracker, name string, got metrics, want truth) {
	t.Helper()
	if got.Count != want.count || got.ErrorCount != want.errors {
		t.Errorf("%s: %d flows, %d errors are counted of %d, %d", name, got.Count, got.ErrorCount, want.count, want.errors)
	}
	if mean := (want.sum / time.Duration(max(want.count, 1))).Seconds() * 1e3; math.Abs(got.AvgLatency-mean) > mean/1000 {
		t.Errorf("%s: the average is %v ms, not %v", name, got.AvgLatency, mean)
	}
	for _, s := range tracker.Stats() {
		if len(s.Path) != 1 || s.Name() != name {
			continue
		}
		for q, ms := range map[float64]float64{.5: got.P50Latency, .99: got.P99Latency} {
			if want := s.Latency.Quantile(q).Seconds() * 1e3; math.Abs(ms-want) > want/1000 {
				t.Errorf("%s: quantile %v is %v ms, not %v", name, q, ms, want)
			}
		}
	}
}

// TestExactUnderOverload ends 20,000 flows at once: more than wait to be
// analysed and far more than are at a time.
func TestExactUnderOverload(t *testing.T) {
	for name, options := range map[string][]flow.Option{
		"kept":          nil,
		"measured":      {flow.WithSampler(always(flow.Measure))},
		"dropped":       {flow.WithSampler(always(flow.Drop))},
		"no history":    {flow.WithHistory(0, 0)},
		"fewer paths":   {flow.WithMaxPaths(4)},
		"some of each":  {flow.WithSampler(&turns{})},
		"small history": {flow.WithHistory(5, 16<<10)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tracker := flow.New(options...)
				h := mounted(tracker)
				want := map[string]truth{}
				var all truth
				for i := range 20_000 {
					name := fmt.Sprintf("GET /%d", i%5)
					took := time.Duration(i%1000+1) * time.Microsecond
					var err error
					if i%7 == 0 {
						err = errors.New("broken")
					}
					ended(t, tracker, name, took, err)
					want[name] = want[name].and(took, err)
					all = all.and(took, err)
				}
				settle()
				check := func() {
					got := operations(t, h)
					var sum truth
					for name, m := range got {
						sum.count += m.Count
						sum.errors += m.ErrorCount
						if !strings.Contains(t.Name(), "fewer") { // where names are counted together when some were missed
							near(t, tracker, name, m, want[name])
						}
					}
					if sum.count != all.count || sum.errors != all.errors {
						t.Errorf("%d flows, %d errors are counted of %d, %d", sum.count, sum.errors, all.count, all.errors)
					}
					if s := decoded[struct {
						TotalFlows int64 `json:"total_flows"`
					}](t, get(h, "/debug/flow/stats")); s.TotalFlows != all.count {
						t.Errorf("%d flows in all", s.TotalFlows)
					}
				}
				pass(time.Minute)
				check()
				ended(t, tracker, "GET /0", time.Millisecond, nil) // it goes on without harm
				want["GET /0"] = want["GET /0"].and(time.Millisecond, nil)
				all = all.and(time.Millisecond, nil)
				settle()
				check()
				health := decoded[struct{ Issues []string }](t, get(h, "/debug/flow/health"))
				if strings.Contains(t.Name(), "no_history") && len(health.Issues) != 0 {
					t.Errorf("there are %q", health.Issues)
				}
			})
		})
	}
}

// always is a sampler of one mind.
type always flow.Decision

func (a always) Sample(flow.Beginning) flow.Decision { return flow.Decision(a) }

// turns keeps, measures and drops in turn.
type turns struct {
	mu sync.Mutex
	n  int
}

func (s *turns) Sample(flow.Beginning) flow.Decision {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	return []flow.Decision{flow.Keep, flow.Measure, flow.Drop}[s.n%3]
}

// TestExactMinutesUnderOverload has 6,000 flows a second over the turn of a
// minute: none has more or fewer than it had.
func TestExactMinutesUnderOverload(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tracker := flow.New()
		h := mounted(tracker)
		pass(50 * time.Second)
		const bursts, size = 80, 1500
		for range bursts {
			for range size {
				ended(t, tracker, "get", time.Millisecond, nil)
			}
			pass(250 * time.Millisecond)
		}
		pass(time.Minute)
		got := decoded[struct {
			Series []struct{ Count, ErrorCount int64 }
		}](t, get(h, "/debug/flow/api/v1/stats?startTime=2000-01-01T00:00:00Z&endTime=2000-01-01T00:03:00Z"))
		var sum int64
		for i, p := range got.Series {
			sum += p.Count
			if p.Count < 0 || i < 2 && (p.Count < bursts*size*4/10 || p.Count > bursts*size*6/10) {
				t.Errorf("minute %d has %d", i, p.Count)
			}
		}
		if sum != bursts*size {
			t.Errorf("%d are counted of %d: %+v", sum, bursts*size, got.Series)
		}
	})
}

// TestOverloadIsCountedAsItsOperation has the missed flows of a route counted as
// what its flows are for.
func TestOverloadIsCountedAsItsOperation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tracker := flow.New()
		h := mounted(tracker)
		for range 20_000 {
			_, op := tracker.Start(t.Context(), "POST /orders")
			op.SetOperation("checkout")
			op.End()
		}
		pass(time.Minute)
		if got := operations(t, h); len(got) != 1 || got["checkout"].Count != 20_000 {
			t.Errorf("%+v", got)
		}
	})
}

// TestHugeFlow is more than waits to be analysed: counted all the same.
func TestHugeFlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tracker := flow.New(flow.WithHistory(10, 16<<20))
		h := mounted(tracker)
		ctx, op := tracker.Start(t.Context(), "huge")
		for range 1000 {
			_, inner := flow.Start(ctx, "step", flow.String("text", strings.Repeat("x", 400)))
			inner.Fail(errors.New(strings.Repeat("y", 1000)))
			inner.End()
		}
		op.End()
		settle()
		if got := operations(t, h); got["huge"].Count != 1 {
			t.Errorf("%+v", got)
		}
	})
}

// TestRatesOfAYoungProcess are over the time that it has lived, and it compares
// nothing with a time that it has not seen.
func TestRatesOfAYoungProcess(t *testing.T) {
	type rate struct{ TotalRequests, Rate float64 }
	type stats struct{ Stats, Previous rate }
	synctest.Test(t, func(t *testing.T) {
		pass(90 * time.Second) // so that the minute is older than the process
		tracker := flow.New()
		h := mounted(tracker)
		check := func(path string, now, before rate) {
			t.Helper()
			if got := decoded[stats](t, get(h, "/debug/flow/api/v1/"+path)); got != (stats{now, before}) {
				t.Errorf("%s: %+v, not %+v before %+v", path, got.Stats, now, before)
			}
		}
		for range 20 {
			ended(t, tracker, "get", time.Millisecond, nil)
		}
		pass(10 * time.Second)
		check("stats?startTime=now-15m", rate{20, 2}, rate{})
		pass(7 * time.Hour)
		ended(t, tracker, "get", time.Millisecond, nil)
		pass(10 * time.Second)
		check("stats?startTime=now-12h", rate{1, 1. / 6 / 3600}, rate{}) // older minutes are not kept
		check("stats?startTime=now-1m", rate{1, 1. / 110}, rate{})
	})
}

// TestNoOperations are a list all the same.
func TestNoOperations(t *testing.T) {
	if w := get(mounted(flow.New()), "/debug/flow/operations"); w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"operations":[]`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
