package assemble

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/model"
)

// audience writes down what it is shown.
type audience struct {
	mu    sync.Mutex
	away  bool
	seen  []string
	shown []*model.OpenFlow
}

func (w *audience) Watch(int) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.away
}

func (w *audience) Show(f *model.OpenFlow, began bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = append(w.seen, fmt.Sprintf("%v %q %d in %s", began, f.Operation, f.SpanCount, f.Current.Name))
	w.shown = append(w.shown, f)
}

func (w *audience) Flush() {}

func (w *audience) expect(t *testing.T, want ...string) {
	t.Helper()
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	if fmt.Sprint(w.seen) != fmt.Sprint(want) {
		t.Errorf("got  %v\nwant %v", w.seen, want)
	}
}

func watched(t *testing.T, w *audience) *bench {
	t.Helper()
	r := newRecord()
	a := New(Config{}, analyze.New(analyze.Config{}), r.lookup(), r.putFlow)
	a.ShowTo(w)
	return startWith(t, a, r)
}

func TestGrowingTraceIsShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &audience{}
		b, spans := watched(t, w), draw(t, cart)
		b.send(spans[3])
		w.expect(t, `true "" 1 in cart`)
		b.send(spans[2]) // too soon to be shown
		w.expect(t, `true "" 1 in cart`)
		pass(showEvery + tick)
		w.expect(t, `true "" 1 in cart`, `false "" 2 in cart`)
		b.send(spans[1], spans[0])
		pass(showEvery + tick)
		w.expect(t, `true "" 1 in cart`, `false "" 2 in cart`, `false "GET /" 4 in web`)
		pass(3 * time.Second) // it is counted
		b.send(spans[1])
		pass(3 * time.Second)
		w.mu.Lock()
		defer w.mu.Unlock()
		last := w.shown[len(w.shown)-1]
		if len(w.shown) != 3 || last.RootName != "GET /" || last.RootService.Name != "web" || len(last.Services) != 2 ||
			last.End-last.Start != int64(20*time.Millisecond) {
			t.Errorf("%d times, last %+v", len(w.shown), last)
		}
	})
}

func TestNobodyIsShownWhatBeganUnseen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &audience{away: true}
		b, spans := watched(t, w), draw(t, cart)
		b.send(spans[3])
		w.mu.Lock()
		w.away = false
		w.mu.Unlock()
		pass(time.Second)
		b.send(spans[2])
		w.expect(t)
	})
}

// A trace that never ends is open until its deadline, and a timeout then.
func TestOpenFlows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, spans := start(t, Config{}, newRecord()), draw(t, cart)
		open := func() model.OpenFlows {
			t.Helper()
			pass(viewAge)
			o, err := b.OpenFlows(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return o
		}
		if o := open(); o.Total != 0 || len(o.List) != 0 {
			t.Errorf("at first %+v", o)
		}
		b.send(spans[1:]...)
		o := open()
		if o.Total != 1 || len(o.List) != 1 || o.List[0].SpanCount != 3 || o.List[0].RootName != "" || o.List[0].TraceID != spans[0].TraceID {
			t.Fatalf("%+v", o)
		}
		pass(28 * time.Second)
		if o := open(); o.Total != 1 {
			t.Errorf("before the deadline %+v", o)
		}
		pass(2 * time.Second)
		if o := open(); o.Total != 0 || len(o.List) != 0 {
			t.Errorf("after the deadline %+v", o)
		}
		if f := b.flow(t, spans[0].TraceID); f.Status != model.FlowTimeout {
			t.Errorf("%+v", f)
		}
		b.send(spans[0]) // of a counted trace: it is not open
		if o := open(); o.Total != 0 || len(o.List) != 0 {
			t.Errorf("with a late span %+v", o)
		}
	})
}

// A trace that spans never stop coming of is counted at Config.MaxAge.
func TestNeverQuietTraceIsOpenUntilMaxAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, spans := start(t, Config{MaxAge: 20 * time.Second}, newRecord()), draw(t, cart)
		for range 19 {
			b.send(spans[3])
			pass(time.Second)
		}
		if o, err := b.OpenFlows(t.Context()); err != nil || o.Total != 1 {
			t.Errorf("%+v, %v", o, err)
		}
		pass(time.Second)
		b.send(spans[3])
		if o, err := b.OpenFlows(t.Context()); err != nil || o.Total != 0 {
			t.Errorf("at the age limit %+v, %v", o, err)
		}
	})
}

// Who asks does not wait longer than it may, also while another waits for Run.
func TestOpenFlowsInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := New(Config{}, analyze.New(analyze.Config{}), newRecord().lookup()) // does nothing without Run
		first, leave := context.WithCancel(t.Context())
		go a.OpenFlows(first) //nolint:errcheck // it is left
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := a.OpenFlows(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		leave()
	})
}

func TestOpenFlowsAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, Config{}, newRecord())
		synctest.Wait()
		b.Close()
		if _, err := b.OpenFlows(t.Context()); err == nil {
			t.Error("answered")
		}
	})
}
