package client

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"
)

// Between two attempts to reach a server that went away.
const firstPause, longestPause = 500 * time.Millisecond, 30 * time.Second

// Tail prints flows as they complete, those that the parameters of GET /flows
// select, until ctx ends: that is no error. A server that goes away is asked for
// again, with growing pauses. A server that was never there, or that refuses the
// request, is an error. What was missed is said in the notes.
func (c *Client) Tail(ctx context.Context, o Output, params url.Values) error {
	t := &tail{client: c, out: tailPrinter{o: o}, params: params, pause: firstPause}
	for {
		err := t.read(ctx)
		select {
		case <-ctx.Done():
			return nil
		default:
		}
		var problem *Error
		refused := errors.As(err, &problem) && problem.Status < http.StatusInternalServerError
		if !t.reached || t.out.failed || refused {
			return err
		}
		if !t.away {
			t.away = true
			if err := o.note("lost the server: %v; trying again", err); err != nil {
				return err
			}
		}
		if !wait(ctx, t.pause) {
			return nil
		}
		t.pause = min(2*t.pause, longestPause)
	}
}

// tail is one run of Tail, in one goroutine.
type tail struct {
	client *Client
	out    tailPrinter
	params url.Values

	older   bool          // the server cannot push: it is polled
	reached bool          // the server answered at least once
	away    bool          // and then did not
	pause   time.Duration // before the next attempt
	pushed  pushed
	polled  polled
}

// read prints what comes until the server goes away or refuses: it always fails.
func (t *tail) read(ctx context.Context) error {
	if t.older {
		return t.poll(ctx)
	}
	err := t.follow(ctx)
	var problem *Error
	if !errors.As(err, &problem) || problem.Status != http.StatusBadRequest {
		return err
	}
	switch problem.Field {
	case "follow":
		t.older = true
		return errors.Join(t.out.note("the server is older: it is asked every %s", pollEvery), t.poll(ctx))
	case "cursor":
		t.pushed.cursor = ""
		return errors.Join(t.out.note("dropped: what came meanwhile, for the server does not know where to go on"), t.follow(ctx))
	default:
		return err
	}
}

// answered notes that the server is there.
func (t *tail) answered() error {
	first, back := !t.reached, t.away
	t.reached, t.away, t.pause = true, false, firstPause
	switch {
	case first:
		return t.out.note("following the flows of %s", t.client)
	case back:
		return t.out.note("the server is back")
	default:
		return nil
	}
}

// wait reports false when ctx ends before the pause is over.
func wait(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
