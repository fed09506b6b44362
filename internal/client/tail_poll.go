package client

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"
)

const (
	// pollEvery is how often a server that cannot push is asked for new flows.
	pollEvery = time.Second
	// pollWindow is how long before now a polled flow may have started: what takes
	// longer is not seen.
	pollWindow = 2 * time.Minute
	// maxPolled bounds what one poll reads, and what is remembered of it.
	maxPolled = 5000
)

// polled is what is remembered between polls.
type polled struct {
	last time.Time // of the last answer; zero before the first
	// The flows of the last two answers. A flow that is in neither will not come
	// back: the window moves on by more in two polls than rounding moves it back.
	newer, older map[string]bool
}

// poll asks for new flows until the server does not answer. Those that were there
// at the first poll are not printed.
func (t *tail) poll(ctx context.Context) error {
	for {
		asked := time.Now()
		flows, err := t.recent(ctx, asked)
		if err != nil {
			return err
		}
		first := t.polled.last.IsZero()
		if err := t.answered(); err != nil {
			return err
		}
		if fresh := t.polled.take(flows, asked); !first {
			if len(flows) == maxPolled {
				if err := t.out.note("dropped: more than %d flows since the last look; some are not shown", maxPolled); err != nil {
					return err
				}
			}
			for i := range fresh {
				if err := t.out.flow(&fresh[i]); err != nil {
					return err
				}
			}
		}
		if !wait(ctx, pollEvery) {
			return ctx.Err()
		}
	}
}

// recent reads the flows that started within the window before the last answer.
// The period is by the server's clock, in whole seconds.
func (t *tail) recent(ctx context.Context, now time.Time) ([]Row[Flow], error) {
	window := pollWindow
	if !t.polled.last.IsZero() {
		window += now.Sub(t.polled.last)
	}
	ask := url.Values{}
	maps.Copy(ask, t.params)
	ask.Set("startTime", fmt.Sprintf("now-%ds", int(window/time.Second)+1))
	var flows []Row[Flow]
	for page, err := range t.client.Flows(ctx, ask, maxPolled) {
		if err != nil {
			return nil, err
		}
		flows = append(flows, page.Rows...)
	}
	return flows, nil
}

// take remembers an answer and returns what is new in it, in order of start.
func (p *polled) take(flows []Row[Flow], at time.Time) []Row[Flow] {
	seen := make(map[string]bool, len(flows))
	var fresh []Row[Flow]
	for i := range flows {
		id := flows[i].Of.ID
		seen[id] = true
		if !p.newer[id] && !p.older[id] {
			fresh = append(fresh, flows[i])
		}
	}
	p.last, p.older, p.newer = at, p.newer, seen
	slices.SortStableFunc(fresh, func(a, b Row[Flow]) int { return a.Of.Start.Compare(b.Of.Start) })
	return fresh
}
