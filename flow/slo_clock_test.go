package flow_test

import (
	"errors"
	"testing"
	"time"

	"github.com/flowscope/flowscope/flow"
)

// TestObjectivesCountOnAfterAnEndInTheFuture has one flow say that it ended in two months.
func TestObjectivesCountOnAfterAnEndInTheFuture(t *testing.T) {
	t.Parallel()
	c := newClock()
	tracker := flow.New(flow.WithClock(c.now), flow.WithAnomalies())
	if err := tracker.SLO("job", flow.Objective{Target: .99}); err != nil {
		t.Fatal(err)
	}
	_, op := tracker.Start(t.Context(), "job")
	op.EndAt(c.now().Add(60 * 24 * time.Hour))
	for range 100 {
		c.work(t, tracker, "job", time.Millisecond, errors.New("no"))
	}
	if s := tracker.SLOs()[0]; s.Good != 1 || s.Bad != 100 || s.Alert != "page" {
		t.Errorf("the objective is %+v", s)
	}
	if s := tracker.Stats()[0]; !s.Last.Equal(c.now()) || s.Example.At != c.now().UnixNano() || s.Latency.Max() < 59*24*time.Hour {
		t.Errorf("at %v the statistics are %+v", c.now(), s)
	}
	if e := tracker.ErrorPatterns()[0]; !e.Last.Equal(c.now()) {
		t.Errorf("%+v", e)
	}
}

func TestObjectivesCountOnWhenTheClockIsSetBack(t *testing.T) {
	t.Parallel()
	c := newClock()
	tracker := flow.New(flow.WithClock(c.now))
	if err := tracker.SLO("job", flow.Objective{Target: .99}); err != nil {
		t.Fatal(err)
	}
	work := func() { c.work(t, tracker, "job", 0, errors.New("no")) }
	work()
	c.pass(100 * 24 * time.Hour) // a clock that is wrong for a moment
	work()
	c.pass(-100 * 24 * time.Hour)
	work()
	c.pass(2 * time.Hour)
	work()
	c.pass(-2 * time.Hour) // forgets what was counted in between, no more
	work()
	if s := tracker.SLOs()[0]; s.Bad != 2 || s.Burn[0].Bad != 2 {
		t.Errorf("the objective is %+v", s)
	}
}

func TestObjectivesOfAClockBefore1970(t *testing.T) {
	t.Parallel()
	c := newClock()
	c.ns.Store(-int64(10 * time.Minute))
	tracker := flow.New(flow.WithClock(c.now))
	if err := tracker.SLO("job", flow.Objective{Target: .9}); err != nil {
		t.Fatal(err)
	}
	for range 20 {
		c.work(t, tracker, "job", time.Minute, nil)
	}
	if s := tracker.SLOs()[0]; s.Good != 20 {
		t.Errorf("the objective is %+v", s)
	}
}

// TestThreeDaysOfAShortObjective asks for more than its window.
func TestThreeDaysOfAShortObjective(t *testing.T) {
	t.Parallel()
	c := newClock()
	tracker := flow.New(flow.WithClock(c.now))
	if err := tracker.SLO("job", flow.Objective{Target: .9, Window: 24 * time.Hour}); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		c.work(t, tracker, "job", 0, errors.New("no"))
	}
	c.pass(40 * time.Hour)
	for range 90 {
		c.work(t, tracker, "job", 0, nil)
	}
	s := tracker.SLOs()[0]
	if b := s.Burn[4]; b.Over != 72*time.Hour || b.Bad != 10 || b.Good != 90 || s.Bad != 0 || s.Good != 90 {
		t.Errorf("the objective is %+v", s)
	}
}
