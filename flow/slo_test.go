package flow_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flowscope/flowscope/flow"
)

// clock is a clock that tests set.
type clock struct{ ns atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.ns.Store(time.Date(2026, 1, 1, 0, 0, 30, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time       { return time.Unix(0, c.ns.Load()) }
func (c *clock) pass(d time.Duration) { c.ns.Add(int64(d)) }

// work is a flow that takes so long.
func (c *clock) work(t *testing.T, tracker *flow.Tracker, name string, takes time.Duration, err error, attrs ...flow.Attr) flow.TraceID {
	t.Helper()
	_, op := tracker.Start(t.Context(), name, attrs...)
	c.pass(takes)
	op.Fail(err)
	op.End()
	return op.TraceID()
}

func TestObjectiveCountsGoodAndBad(t *testing.T) {
	t.Parallel()
	for _, decision := range []flow.Decision{flow.Keep, flow.Measure, flow.Drop} {
		c := newClock()
		tracker := flow.New(flow.WithClock(c.now), flow.WithSampler(decision))
		if err := tracker.SLO("checkout", flow.Objective{Target: .9, Latency: 300 * time.Millisecond}); err != nil {
			t.Fatal(err)
		}
		if err := tracker.SLO("POST /checkout", flow.Objective{Target: .5}); err != nil {
			t.Fatal(err)
		}
		said := flow.String("flow.operation", "checkout")
		for range 95 {
			c.work(t, tracker, "POST /checkout", 300*time.Millisecond, nil, said)
		}
		for range 2 {
			c.work(t, tracker, "POST /checkout", 301*time.Millisecond, nil, said)
			c.work(t, tracker, "checkout", time.Millisecond, errors.New("no"), said)
		}
		c.work(t, tracker, "checkout", time.Millisecond, errors.New("no"))
		c.work(t, tracker, "other", time.Hour, errors.New("no"))
		all := tracker.SLOs()
		if len(all) != 2 || all[0].Operation != "POST /checkout" || all[0].Good != 97 || all[0].Bad != 0 || all[0].Remaining != 1 {
			t.Fatalf("the objectives are %+v", all)
		}
		if s := all[1]; s.Good != 95 || s.Bad != 5 || math.Abs(s.Remaining-.5) > 1e-9 || s.Window != 30*24*time.Hour {
			t.Errorf("%v: checkout is %+v", decision, s)
		}
	}
}

// TestBurnRates lets a service fail for a while and looks at what each window
// says as time goes by.
func TestBurnRates(t *testing.T) {
	t.Parallel()
	c := newClock()
	tracker := flow.New(flow.WithClock(c.now))
	if err := tracker.SLO("get", flow.Objective{Target: .99}); err != nil {
		t.Fatal(err)
	}
	run := func(d time.Duration, badOfTen int) {
		step, flows := time.Minute, 10
		if d > 240*time.Hour {
			step, flows = time.Hour, 20
		}
		for end := c.now().Add(d); c.now().Before(end); c.pass(step) {
			for i := range flows {
				var err error
				if i < badOfTen {
					err = errors.New("no")
				}
				c.work(t, tracker, "get", 0, err)
			}
		}
	}
	state := func() string {
		s := tracker.SLOs()[0]
		var out strings.Builder
		for _, b := range s.Burn {
			fmt.Fprintf(&out, "%v %.1f, ", b.Over, b.Rate)
		}
		fmt.Fprintf(&out, "left %.2f %s", s.Remaining, s.Alert)
		return out.String()
	}
	for _, step := range []struct {
		lasts time.Duration
		bad   int
		want  string
	}{
		{24 * time.Hour, 0, "5m0s 0.0, 30m0s 0.0, 1h0m0s 0.0, 6h0m0s 0.0, 72h0m0s 0.0, left 1.00 "},
		{10 * time.Minute, 2, "5m0s 20.0, 30m0s 6.5, 1h0m0s 3.3, 6h0m0s 0.6, 72h0m0s 0.1, left 0.86 "},
		{50 * time.Minute, 2, "5m0s 20.0, 30m0s 20.0, 1h0m0s 19.7, 6h0m0s 3.3, 72h0m0s 0.8, left 0.20 page"},
		{10 * time.Minute, 0, "5m0s 0.0, 30m0s 13.5, 1h0m0s 16.7, 6h0m0s 3.3, 72h0m0s 0.8, left 0.21 "},
		{6 * time.Hour, 0, "5m0s 0.0, 30m0s 0.0, 1h0m0s 0.0, 6h0m0s 0.0, 72h0m0s 0.6, left 0.36 "},
		{72 * time.Hour, 0, "5m0s 0.0, 30m0s 0.0, 1h0m0s 0.0, 6h0m0s 0.0, 72h0m0s 0.0, left 0.81 "},
		{31 * 24 * time.Hour, 0, "5m0s 0.0, 30m0s 0.0, 1h0m0s 0.0, 6h0m0s 0.0, 72h0m0s 0.0, left 1.00 "},
	} {
		run(step.lasts, step.bad)
		c.pass(-time.Minute)
		if got := state(); got != step.want {
			t.Errorf("after %v with %d of 10 bad: %s\nwant %s", step.lasts, step.bad, got, step.want)
		}
		c.pass(time.Minute)
	}
	run(11*24*time.Hour, 0)
	for range 72 * 6 {
		c.pass(10 * time.Minute)
		for i := range 50 {
			var err error
			if i == 0 {
				err = errors.New("no")
			}
			c.work(t, tracker, "get", 0, err)
		}
	}
	if s := tracker.SLOs()[0]; s.Alert != "ticket" {
		t.Errorf("after three days at twice the budget: %s", state())
	}
}

func TestObjectivesAreChecked(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	for _, o := range []flow.Objective{
		{}, {Target: 1}, {Target: -.5}, {Target: math.NaN()}, {Target: .9, Latency: -1}, {Target: .9, Window: time.Minute}, {Target: .9, Window: 1 << 62},
	} {
		if err := tracker.SLO("get", o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
	if err := tracker.SLO("", flow.Objective{Target: .9}); err == nil {
		t.Error("an operation without a name is accepted")
	}
	if tracker.SLOs() != nil {
		t.Error("there are objectives")
	}
	for i := range 101 {
		err := tracker.SLO(fmt.Sprint(i), flow.Objective{Target: .9})
		if (err != nil) != (i == 100) {
			t.Errorf("objective %d: %v", i, err)
		}
	}
	if err := tracker.SLO("7", flow.Objective{Target: .5}); err != nil {
		t.Errorf("setting one again: %v", err)
	}
}

func TestLatencyThreeTimesTheUsualIsAnAnomaly(t *testing.T) {
	t.Parallel()
	c := newClock()
	tracker := flow.New(flow.WithClock(c.now), flow.WithAnomalies(), flow.WithSampler(flow.Measure))
	c.work(t, tracker, "get", 500*time.Millisecond, nil) // nothing is known yet
	for range 110 {
		c.work(t, tracker, "get", 10*time.Millisecond, nil)
		c.work(t, tracker, "quick", 10*time.Microsecond, nil)
	}
	c.work(t, tracker, "get", 29*time.Millisecond, nil)
	c.work(t, tracker, "quick", 900*time.Microsecond, nil)
	odd := c.work(t, tracker, "get", 50*time.Millisecond, nil)
	newest, total := tracker.Anomalies()
	if total != 1 || len(newest) != 1 {
		t.Fatalf("the anomalies are %+v", newest)
	}
	a := newest[0]
	if a.TraceID != odd || a.Kind != "latency" || a.Operation != "get" || a.Usual.Round(100*time.Microsecond) != 10*time.Millisecond {
		t.Errorf("the anomaly is %+v", a)
	}
	kept := tracker.Flows(0)
	if len(kept) != 1 || !strings.Contains(outline(kept[0]), "flow.anomaly=latency: 5.0 times the usual 10.") {
		t.Errorf("what is kept is %v", kept)
	}
	for range 20 * 600 { // twenty minutes of fifty milliseconds are the new habit
		c.work(t, tracker, "get", 50*time.Millisecond, nil)
		c.pass(50 * time.Millisecond)
	}
	_, before := tracker.Anomalies()
	c.work(t, tracker, "get", 60*time.Millisecond, nil)
	newest, after := tracker.Anomalies()
	if before != after || before < 100 || len(newest) != 100 {
		t.Errorf("there were %d anomalies, then %d", before, after)
	}
}

func TestErrorThatIsNewIsAnAnomaly(t *testing.T) {
	t.Parallel()
	c := newClock()
	tracker := flow.New(flow.WithClock(c.now), flow.WithAnomalies())
	for i := range 100 {
		var err error
		if i%10 == 0 {
			err = fmt.Errorf("row %d is locked", i)
		}
		c.work(t, tracker, "save", time.Millisecond, err)
	}
	c.work(t, tracker, "save", time.Millisecond, errors.New("row 1001 is locked"))
	if newest, _ := tracker.Anomalies(); len(newest) != 0 {
		t.Errorf("what was before is new: %+v", newest)
	}
	odd := c.work(t, tracker, "save", time.Millisecond, errors.New("disk 7 is full"))
	c.work(t, tracker, "save", time.Millisecond, errors.New("disk 8 is full"))
	newest, _ := tracker.Anomalies()
	if len(newest) != 1 || newest[0].TraceID != odd || newest[0].Kind != "error" || newest[0].Error != "disk <n> is full" {
		t.Errorf("the anomalies are %+v", newest)
	}
	if f := tracker.Flows(2)[1]; !strings.Contains(outline(f), "flow.anomaly=new error: disk <n> is full") {
		t.Errorf("the flow is %s", outline(f))
	}
}

// TestAnomaliesAreBounded by names and by failures of a name.
func TestAnomaliesAreBounded(t *testing.T) {
	t.Parallel()
	c := newClock()
	tracker := flow.New(flow.WithClock(c.now), flow.WithAnomalies(), flow.WithHistory(0, 0))
	for range 100 {
		c.work(t, tracker, "save", time.Millisecond, nil)
	}
	for i := range 256 {
		c.work(t, tracker, "save", time.Millisecond, fmt.Errorf("kind %c%c", 'g'+i/16, 'g'+i%16))
		c.work(t, tracker, fmt.Sprint("name", i), time.Millisecond, nil)
	}
	if newest, total := tracker.Anomalies(); total != 32 || len(newest) != 32 {
		t.Errorf("there were %d anomalies", total)
	}
	if newest, total := flow.New().Anomalies(); total != 0 || newest != nil {
		t.Errorf("a tracker that was not asked to has %d anomalies", total)
	}
}

func ExampleTracker_SLO() {
	tracker := flow.New()
	err := tracker.SLO("checkout", flow.Objective{Target: .999, Latency: 300 * time.Millisecond, Window: 30 * 24 * time.Hour})
	if err != nil {
		fmt.Println(err)
	}
	for _, s := range tracker.SLOs() {
		fmt.Printf("%s: %d good, %d bad, %.0f %% of the budget left\n", s.Operation, s.Good, s.Bad, 100*s.Remaining)
	}
	// Output: checkout: 0 good, 0 bad, 100 % of the budget left
}
