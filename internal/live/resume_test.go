package live

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// leave follows until one event came, and returns its cursor.
func leave(t *testing.T, h *Hub) string {
	t.Helper()
	f := follow(t, h, Filter{})
	defer f.Close()
	h.Complete(flow("first"), nil)
	h.Flush()
	got, _ := next(t, f)
	return got[len(got)-1].Cursor
}

// resumed is what a follower is told that comes back with a cursor.
func resumed(t *testing.T, h *Hub, cursor string) ([]Matched, map[Reason]uint64) {
	t.Helper()
	f := follow(t, h)
	defer f.Close()
	if err := f.Subscribe("0", Filter{}, cursor); err != nil {
		t.Fatal(err)
	}
	return next(t, f)
}

func TestResume(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(Config{})
		defer h.Close()
		cursor := leave(t, h)
		h.Complete(flow("missed"), nil)
		h.Flush()
		<-time.After(idleAfter / 2)
		got, dropped := resumed(t, h, cursor)
		expect(t, got, "flow_complete missed[0]")
		if len(dropped) != 0 {
			t.Errorf("dropped %v", dropped)
		}
	})
}

func TestResumeWithGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(Config{Events: 2})
		defer h.Close()
		cursor := leave(t, h)
		for range 5 {
			h.Complete(flow("missed"), nil)
		}
		h.Flush()
		if got, dropped := resumed(t, h, cursor); len(got) != 2 || dropped[Overtaken] != 3 {
			t.Errorf("%v, dropped %v", names(got), dropped)
		}
		<-time.After(2 * idleAfter)
		if got, dropped := resumed(t, h, cursor); len(got) != 0 || dropped[Gap] != 1 {
			t.Errorf("after a time when nobody followed: %v, dropped %v", names(got), dropped)
		}
		other := New(Config{})
		defer other.Close()
		if got, dropped := resumed(t, other, cursor); len(got) != 0 || dropped[Gap] != 1 {
			t.Errorf("after a restart: %v, dropped %v", names(got), dropped)
		}
	})
}

// A subscription that goes back has the others not see events again.
func TestResumeBesideOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(Config{})
		defer h.Close()
		cursor := leave(t, h)
		f := follow(t, h, Filter{})
		h.Complete(flow("second"), nil)
		h.Flush()
		next(t, f)
		if err := f.Subscribe("back", Filter{}, cursor); err != nil {
			t.Fatal(err)
		}
		h.Complete(flow("third"), nil)
		h.Flush()
		got, _ := next(t, f)
		expect(t, got, "flow_complete second[back]", "flow_complete third[0 back]")
	})
}

// What was left out is told by whoever is cut off before, when it comes back, and
// once, however many of its subscriptions do.
func TestResumeTellsWhatWasNotTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(Config{})
		defer h.Close()
		f := follow(t, h, Filter{})
		const bursts, burst = 3, 3 * maxPage
		var given, told uint64
		var cursor string
		for range bursts { // within a second: only the first one's rest is told
			for range burst {
				h.Complete(flow("x"), nil)
			}
			h.Flush()
			<-time.After(100 * time.Millisecond)
			page, err := f.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range page.Dropped {
				told += d.Count
			}
			given += uint64(len(page.Events))
			cursor = page.Events[len(page.Events)-1].Cursor
		}
		f.Close()
		back := follow(t, h)
		for _, id := range []string{"a", "b"} {
			if err := back.Subscribe(id, Filter{}, cursor); err != nil {
				t.Fatal(err)
			}
		}
		_, dropped := next(t, back)
		if given+told+dropped[Rate] != bursts*burst {
			t.Errorf("%d given, %d told, then %v; want %d in all", given, told, dropped, bursts*burst)
		}
	})
}

// A cursor that somebody made up owes no more than there was, and what one
// subscription was not told is not told to the next.
func TestUntoldIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := New(Config{})
		defer h.Close()
		cursor := leave(t, h)
		if _, dropped := resumed(t, h, cursor+".zzzzzzzzzzz"); dropped[Rate] > 10 {
			t.Errorf("dropped %v of an event or two", dropped)
		}
		f := follow(t, h)
		if err := f.Subscribe("a", Filter{}, cursor+".1"); err != nil || !f.Unsubscribe("a") {
			t.Fatal(err)
		}
		if err := f.Subscribe("b", Filter{}, ""); err != nil {
			t.Fatal(err)
		}
		if _, dropped := next(t, f); len(dropped) > 0 {
			t.Errorf("b is told of %v", dropped)
		}
	})
}

func FuzzCursor(f *testing.F) {
	h := New(Config{})
	for _, c := range []string{"", ".", "x.1", h.cursor(1, 0), h.cursor(99, 5), "a.zzzzzzzzzzzzzzz"} {
		f.Add(c)
	}
	f.Fuzz(func(t *testing.T, c string) {
		at, err := h.resume(c)
		if err != nil && !errors.Is(err, ErrCursor) || at.next > h.ring.next {
			t.Errorf("%q: %+v, %v", c, at, err)
		}
	})
}
