package graphql

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	gg "github.com/graph-gophers/graphql-go"
)

// subscription is one under way.
type subscription struct {
	follow Follow
	now    time.Time
	events chan *flowEvent
	feed   Feed // nil until it follows
}

type subscriptionKey struct{}

var errEnded = errors.New("nothing more will happen")

// subscribe gives every event's answer to next until one of them fails. It returns
// an answer when the subscription could not begin.
func (h *handler) subscribe(ctx context.Context, q request, next func(*gg.Response) error) (failed *gg.Response, err error) {
	now := h.Now()
	if q.Variables == nil {
		q.Variables = variables{} // to be filled with defaults
	}
	tried := h.rehearsal.Exec(withRun(ctx, h.REST, now, q.Query), asMutation(q.Query), q.OperationName, q.Variables)
	if len(tried.Errors) > 0 {
		explain(q, tried.Errors)
		return tried, ctx.Err()
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &subscription{follow: h.Follow, now: now, events: make(chan *flowEvent)}
	answers, err := h.schema.Subscribe(context.WithValue(ctx, subscriptionKey{}, s), q.Query, q.OperationName, q.Variables)
	var pump sync.WaitGroup
	defer pump.Wait()
	defer cancel()
	if err != nil {
		h.Logger.ErrorContext(ctx, "subscribe", "error", err)
		return refusal(errInternal), nil
	}
	if s.feed != nil {
		pump.Go(func() { s.pump(ctx, h.Logger) })
	}
	for one := range answers {
		answer, _ := one.(*gg.Response) // it gives nothing else
		explain(q, answer.Errors)
		if s.feed == nil {
			return answer, ctx.Err()
		}
		if err := next(answer); err != nil {
			return nil, err
		}
	}
	return nil, errEnded
}

// pump sends what the feed says to the library, one event after the other: what
// nobody takes stays where it is, and grows old there.
func (s *subscription) pump(ctx context.Context, log *slog.Logger) {
	defer close(s.events)
	defer s.feed.Close()
	for {
		messages, err := s.feed.Next(ctx)
		if err != nil {
			return
		}
		for i := range messages {
			e, err := messages[i].event()
			if err != nil {
				log.ErrorContext(ctx, "read event", "error", err)
				continue
			}
			select {
			case s.events <- e:
			case <-ctx.Done():
				return
			}
		}
	}
}
