package demo

import (
	"context"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestTopologyIsClosed: whatever is called or published has somebody there to answer, in every environment.
func TestTopologyIsClosed(t *testing.T) {
	for name, services := range map[string][]service{"production": company().services, "staging": newestOnly(company().services)} {
		routes, topics, uis := map[string]bool{}, map[string]bool{}, map[string]bool{}
		for _, s := range services {
			uis[s.name] = s.headless
			for _, e := range s.endpoints {
				if routes[s.name+" "+e.route] {
					t.Errorf("%s: %s serves %s twice", name, s.name, e.route)
				}
				routes[s.name+" "+e.route] = true
				http.NewServeMux().Handle(e.route, http.NotFoundHandler()) // panics on a route it cannot serve
			}
			for _, c := range s.consumers {
				topics[c.topic] = true
			}
		}
		check := func(where string, all steps) {
			visit(all, func(s step) {
				switch s := s.(type) {
				case callStep:
					if !routes[s.service+" "+s.route] {
						t.Errorf("%s: %s calls %s %s, which is not there", name, where, s.service, s.route)
					}
				case publishStep:
					if !topics[s.topic] {
						t.Errorf("%s: %s publishes to %s, which nobody consumes", name, where, s.topic)
					}
				}
			})
		}
		for _, s := range services {
			for _, e := range s.endpoints {
				check(s.name, e.steps)
			}
			for _, c := range s.consumers {
				check(s.name, c.steps)
			}
		}
		for _, op := range company().operations {
			check(op.name, op.steps)
			if !uis[op.ui] {
				t.Errorf("%s: %s starts in %q, which is not a user interface", name, op.name, op.ui)
			}
		}
	}
}

// visit calls f for s and every step within.
func visit(s step, f func(step)) {
	f(s)
	for _, inner := range parts(s) {
		visit(inner, f)
	}
}

func parts(s step) []step {
	switch s := s.(type) {
	case steps:
		return s
	case parallelStep:
		return s
	case taskStep:
		return s.steps
	case sometimesStep:
		return s.steps
	case versionStep:
		return s.steps
	case cacheStep:
		return s.miss
	default:
		return nil
	}
}

func TestTopologyForPeople(t *testing.T) {
	d := newDemo(t, Config{OTLPHTTP: "127.0.0.1:4318"})
	got := d.Topology()
	share := 0.0
	for _, op := range got.Operations {
		share += op.Share
	}
	if share < 0.999 || share > 1.001 {
		t.Errorf("shares add up to %v", share)
	}
	i := slices.IndexFunc(got.Services, func(s ServiceInfo) bool { return s.Name == "catalog" })
	if want := (ServiceInfo{"catalog", "shop", []string{"1.8.2", "2.0.0"}, 3}); i < 0 || !reflect.DeepEqual(got.Services[i], want) {
		t.Errorf("catalog at %d of %+v, want %+v", i, got.Services, want)
	}
}

// wait lets d of simulated time pass on a clock within a synctest bubble.
func wait(t *testing.T, c clock, d time.Duration) {
	t.Helper()
	if err := c.sleep(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &breaker{clock: newClock(1)}
		fail := func(n int) {
			for range n {
				if !b.allow() {
					t.Fatal("refused while closed")
				}
				b.report(false)
			}
		}
		fail(breakerThreshold - 1)
		b.report(true) // a success in between starts the count again
		fail(breakerThreshold)
		if b.allow() {
			t.Error("allowed right after opening")
		}
		wait(t, b.clock, breakerCooldown)
		if !b.allow() || b.allow() {
			t.Error("want exactly one probe after the cooldown")
		}
		b.report(false)
		if b.allow() {
			t.Error("allowed after a failed probe")
		}
		wait(t, b.clock, breakerCooldown)
		if !b.allow() {
			t.Error("no second probe")
		}
		b.report(true)
		fail(1) // closed again
	})
}

func TestOutageFollowsTheCalendar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := &instance{mesh: &mesh{clock: newClock(2)}}
		s := outage(60*time.Second, 12*time.Second, 8*time.Second)
		for _, tc := range []struct {
			at   time.Duration // simulated
			down bool
		}{{11 * time.Second, false}, {12 * time.Second, true}, {19 * time.Second, true}, {20 * time.Second, false}, {75 * time.Second, true}} {
			wait(t, in.mesh.clock, tc.at-in.mesh.clock.now())
			if err := s.run(t.Context(), newExec(in, 1)); (err != nil) != tc.down {
				t.Errorf("at %v: %v", tc.at, err)
			}
		}
	})
}

func TestLatencyHasItsPercentiles(t *testing.T) {
	rng := newRand(3)
	draws := make([]time.Duration, 20000)
	for i := range draws {
		draws[i] = lat(20, 90).draw(rng)
	}
	slices.Sort(draws)
	for _, tc := range []struct {
		index int
		want  time.Duration
	}{{10000, 20 * ms}, {19800, 90 * ms}} {
		if got := draws[tc.index]; got < tc.want*9/10 || got > tc.want*11/10 {
			t.Errorf("value %d of %d is %v, want about %v", tc.index, len(draws), got, tc.want)
		}
	}
	if longest := draws[len(draws)-1]; longest > 180*ms {
		t.Errorf("longest is %v", longest)
	}
}

// luck records what each branch drew.
type luck struct {
	mu    *sync.Mutex
	draws map[int]uint64
	name  int
}

func (l luck) run(_ context.Context, x *exec) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.draws[l.name] = x.rng.Uint64()
	return nil
}

// TestSeedDecides: the draws of parallel branches, and of what follows, depend on the seed and not on the order they ran in.
func TestSeedDecides(t *testing.T) {
	run := func(seed uint64) map[int]uint64 {
		draws, mu := map[int]uint64{}, &sync.Mutex{}
		at := func(name int) step { return luck{mu, draws, name} }
		if err := (steps{parallel(at(1), at(2), at(3)), at(4)}).run(t.Context(), newExec(nil, seed)); err != nil {
			t.Fatal(err)
		}
		return draws
	}
	first := run(1)
	for range 20 {
		if again := run(1); !reflect.DeepEqual(first, again) {
			t.Fatalf("same seed, other draws: %v and %v", first, again)
		}
	}
	if reflect.DeepEqual(first, run(2)) {
		t.Error("another seed, same draws")
	}
}

func TestParallelEndsWithItsFirstFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := &instance{mesh: &mesh{clock: newClock(1)}}
		start := time.Now()
		err := parallel(work(3_600_000, 3_600_001), fails(1, http.StatusConflict, "no")).run(t.Context(), newExec(in, 1))
		if asFailure(err).status != http.StatusConflict || time.Since(start) != 0 {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestBrokerIsBoundedAndDrains(t *testing.T) {
	b := newBroker()
	queue := b.subscribe("orders", "mail")
	if b.subscribe("orders", "mail") != queue {
		t.Error("members of a group have queues of their own")
	}
	for i := range queueSize {
		if err := b.publish("orders", message{seed: uint64(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.publish("orders", message{}); err == nil {
		t.Error("publish to a full queue: no error")
	}
	b.close()
	b.close()
	got := len(b.collect(queue, newClock(1), 1))
	for {
		if _, ok := b.receive(queue); !ok {
			break
		}
		got++
	}
	if got != queueSize {
		t.Errorf("%d of %d messages after close", got, queueSize)
	}
}
