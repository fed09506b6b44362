package live

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/flowscope/flowscope/internal/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func flow(operation string, change ...func(*model.FlowSummary)) *model.Flow {
	f := &model.FlowSummary{Operation: operation, Environment: "prod", Duration: int64(20 * time.Millisecond), SpanCount: 4,
		Services: []model.Node{{Name: "web", Namespace: "shop"}, {Name: "cart"}}}
	for _, c := range change {
		c(f)
	}
	return &model.Flow{FlowSummary: f}
}

func open(operation string) *model.OpenFlow {
	return &model.OpenFlow{Operation: operation, Environment: "prod", SpanCount: 1, Services: []model.Node{{Name: "web", Namespace: "shop"}}}
}

// follow returns a follower with subscriptions "0", "1", ...
func follow(t *testing.T, h *Hub, filters ...Filter) *Follower {
	t.Helper()
	f, err := h.Follow()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	for i, filter := range filters {
		if err := f.Subscribe(fmt.Sprint(i), filter, ""); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// next is what a follower has been told when nothing more comes.
func next(t *testing.T, f *Follower) (events []Matched, dropped map[Reason]uint64) {
	t.Helper()
	dropped = map[Reason]uint64{}
	for {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		page, err := f.Next(ctx)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			return events, dropped
		}
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, page.Events...)
		for _, d := range page.Dropped {
			dropped[d.Reason] += max(d.Count, 1)
		}
	}
}

func names(events []Matched) (all []string) {
	for _, e := range events {
		operation, _, _ := e.labels()
		all = append(all, fmt.Sprint(e.Kind, " ", operation, e.Subscriptions))
	}
	return all
}

func expect(t *testing.T, got []Matched, want ...string) {
	t.Helper()
	if fmt.Sprint(names(got)) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", names(got), want)
	}
}

func TestLifeOfAFlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(Config{})
		defer h.Close()
		f := follow(t, h, Filter{}, Filter{Operation: "login"}, Filter{CompleteOnly: true})
		for range enoughFlows {
			h.Complete(flow("login"), nil)
		}
		h.Flush()
		next(t, f)
		h.Show(open(""), true)
		h.Show(open("login"), false)
		h.Complete(flow("login"), nil)
		h.Flush()
		got, dropped := next(t, f)
		expect(t, got, "flow_start [0]", "flow_update login[0 1]", "flow_complete login[0 1 2]")
		if len(dropped) != 0 || got[0].Progress != NoProgress || got[1].Progress != 25 {
			t.Errorf("dropped %v, progress %d, %d", dropped, got[0].Progress, got[1].Progress)
		}
	})
}

func TestFilters(t *testing.T) {
	failed := model.FlowError
	bad := flow("pay", func(f *model.FlowSummary) { f.Status = failed })
	slow := flow("pay", func(f *model.FlowSummary) { f.Duration = int64(5 * time.Second) })
	staging := flow("pay", func(f *model.FlowSummary) { f.Environment = "staging" })
	alone := flow("pay", func(f *model.FlowSummary) { f.Services = f.Services[1:] })
	all := []*model.Flow{bad, slow, staging, alone}
	for name, c := range map[string]struct {
		filter Filter
		want   []*model.Flow
	}{
		"everything":  {Filter{}, all},
		"operation":   {Filter{Operation: "login"}, nil},
		"status":      {Filter{Status: &failed}, all[:1]},
		"minDuration": {Filter{MinDuration: 21 * time.Millisecond}, all[1:2]},
		"longest":     {Filter{MinDuration: 5 * time.Second}, all[1:2]},
		"too long":    {Filter{MinDuration: 5*time.Second + 1}, nil},
		"maxDuration": {Filter{MaxDuration: time.Second, Environment: "staging"}, all[2:3]},
		"environment": {Filter{Environment: "staging"}, all[2:3]},
		"service":     {Filter{Service: "web", Environment: "staging"}, all[2:3]},
		"namespace":   {Filter{Namespace: "shop", Service: "cart"}, nil},
		"cart":        {Filter{Service: "cart"}, all},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := New(Config{})
				defer h.Close()
				f := follow(t, h, c.filter)
				for _, f := range all {
					h.Complete(f, nil)
				}
				h.Flush()
				got, _ := next(t, f)
				if len(got) != len(c.want) {
					t.Fatalf("%d events, want %d", len(got), len(c.want))
				}
				for i := range got {
					if got[i].Flow != c.want[i].FlowSummary {
						t.Errorf("event %d is %+v", i, got[i].Flow)
					}
				}
			})
		})
	}
}

// What is not given is counted, whatever the reason.
func TestDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(Config{Events: 1024})
		defer h.Close()
		f := follow(t, h, Filter{Operation: "login"})
		next(t, f)
		const all, given = 3000, maxPage
		for i := range all {
			h.Complete(flow("login", func(f *model.FlowSummary) { f.SpanCount = uint32(i) }), nil)
			h.Flush()
		}
		got, dropped := next(t, f)
		if len(got) != given || got[len(got)-1].Flow.SpanCount != all-1 {
			t.Errorf("%d events, the last %+v", len(got), got[len(got)-1].Flow)
		}
		if dropped[Overtaken] != all-1024 || dropped[Rate] != 1024-given || h.Stats().Dropped != all-given {
			t.Errorf("dropped %v, %+v", dropped, h.Stats())
		}
	})
}

// Flows are counted in bursts. Who follows far fewer than are given in a second
// misses none of them, however many others follow; who follows more is given its
// share.
func TestBursts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(Config{})
		defer h.Close()
		const followers = 100 // each has 100 a second
		f := follow(t, h, Filter{})
		for range followers - 1 {
			follow(t, h, Filter{})
		}
		burst := func(n int) (given int, dropped uint64) {
			for range n {
				h.Complete(flow("login"), nil)
			}
			h.Flush()
			got, missed := next(t, f)
			return len(got), missed[Rate]
		}
		for range 10 { // next takes a second
			if given, dropped := burst(60); given != 60 || dropped != 0 {
				t.Fatalf("of 60: %d given, %d dropped", given, dropped)
			}
		}
		if given, dropped := burst(250); given != 100 || dropped != 150 {
			t.Errorf("of 250: %d given, %d dropped", given, dropped)
		}
	})
}

func TestRingIsBoundedInBytes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one := Event{Flow: flow("login").FlowSummary}.size()
		h := New(Config{Bytes: 10 * one})
		defer h.Close()
		f := follow(t, h, Filter{})
		for range 100 {
			h.Complete(flow("login"), nil)
		}
		h.Flush()
		if got, dropped := next(t, f); len(got) != 10 || dropped[Overtaken] != 90 {
			t.Errorf("%d events, dropped %v", len(got), dropped)
		}
	})
}

// Too many new traces are not shown; who might have wanted them is told.
// A follower that weighs as much as four is given a quarter of what one is, and
// told of the rest.
func TestWeigh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(Config{})
		defer h.Close()
		light, heavy := follow(t, h, Filter{}), follow(t, h, Filter{})
		heavy.Weigh(4)
		for range 18 { // or a page would be less than their share
			follow(t, h, Filter{})
		}
		const all = 1000
		for range all {
			h.Complete(flow("login"), nil)
		}
		h.Flush()
		first, _ := next(t, light)
		second, dropped := next(t, heavy)
		if len(second) == 0 || len(first) != 4*len(second) || int(dropped[Rate])+len(second) != all {
			t.Errorf("given %d and %d, dropped %v", len(first), len(second), dropped)
		}
	})
}

func TestShowRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(Config{})
		defer h.Close()
		if h.Watch(0) {
			t.Error("watched while nobody follows")
		}
		f, done := follow(t, h, Filter{}), follow(t, h, Filter{CompleteOnly: true})
		shown := 0
		for range showRate + 100 {
			if h.Watch(shown) {
				shown++
			}
		}
		<-time.After(time.Second)
		h.Flush()
		if h.Watch(showMost) {
			t.Error("watched beyond the most")
		}
		h.Flush()
		_, dropped := next(t, f)
		if _, none := next(t, done); shown != showRate || dropped[Rate] != 101 || len(none) != 0 {
			t.Errorf("%d shown, dropped %v and %v", shown, dropped, none)
		}
	})
}

func TestLimits(t *testing.T) {
	h := New(Config{Followers: 1})
	defer h.Close()
	f := follow(t, h)
	if _, err := h.Follow(); !errors.Is(err, ErrFull) {
		t.Errorf("a second follower: %v", err)
	}
	for i := range MaxSubscriptions {
		if err := f.Subscribe(fmt.Sprint(i), Filter{}, ""); err != nil {
			t.Fatal(err)
		}
	}
	if f.Subscribe("more", Filter{}, "") == nil || f.Subscribe("3", Filter{}, "") != nil {
		t.Error("the limit of subscriptions")
	}
	if !f.Unsubscribe("3") || f.Unsubscribe("3") || h.Stats().Subscriptions != MaxSubscriptions-1 {
		t.Errorf("%+v", h.Stats())
	}
	f.Close()
	f.Close()
	if s := h.Stats(); s.Followers != 0 || s.Subscriptions != 0 {
		t.Errorf("%+v", s)
	}
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(Config{})
		f := follow(t, h, Filter{})
		ended := make(chan error)
		go func() {
			_, err := f.Next(t.Context())
			ended <- err
		}()
		synctest.Wait()
		h.Close()
		h.Close()
		if err := <-ended; !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
		if _, err := h.Follow(); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	})
}
