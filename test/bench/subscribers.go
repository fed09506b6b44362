package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/flowscope/flowscope/internal/load"
)

const (
	// subscribers is how many follow flows at once.
	subscribers = 1000
	// perConnection is how many subscriptions a WebSocket may have.
	perConnection = 16
)

// following is one way of having subscribers, and what it cost.
type following struct {
	id      string // of the row
	subs    int
	each    int // subscriptions a connection
	cpu     time.Duration
	spans   int64
	elapsed time.Duration
	events  int64
	dropped int64
}

func (f *following) perSpan() float64 { return float64(f.cpu) / float64(f.spans) }
func (f *following) speed() float64   { return float64(f.spans) / f.elapsed.Seconds() }

// subscribers measures what a span costs while nobody follows flows, and while
// subscribers do, each through a filter of its own: in turns, because no machine
// stays the same for a minute.
func (b *bench) subscribers(ctx context.Context) error {
	s, err := b.serve(ctx, "followed", cutSoon)
	if err != nil {
		return err
	}
	defer s.kill()
	rounds := 3
	if b.spans < smallRun {
		rounds = 1
	}
	nobody := &following{}
	apart := &following{id: followedApart, subs: subscribers, each: 1}
	together := &following{id: followedTogether, subs: subscribers, each: perConnection}
	if rounds > 1 {
		if err := b.followed(ctx, s, &following{}); err != nil { // warm
			return err
		}
	}
	for range rounds {
		for _, f := range []*following{nobody, apart, together} {
			if err := b.followed(ctx, s, f); err != nil {
				return err
			}
		}
	}
	for _, f := range []*following{apart, together} {
		b.report.set(f.id, f.perSpan(), nobody.perSpan(), "nobody follows")
		b.report.fact(f.speed(), "spans/s", "full speed (%s); nobody follows: %s", f.id, grouped(int64(nobody.speed())))
		b.report.fact(float64(f.events)/f.elapsed.Seconds(), "/s", "events given to subscribers (%s)", f.id)
	}
	return s.stop()
}

// followed sends spans at full speed while subscribers listen, and adds up what
// it cost until all of them are in blocks.
func (b *bench) followed(ctx context.Context, s *server, f *following) error {
	a, err := s.listen(ctx, inConnections(differentFilters(f.subs), f.each))
	if err != nil {
		return err
	}
	defer a.close()
	before, err := s.usage()
	if err != nil {
		return err
	}
	result, err := b.send(ctx, load.Config{Addr: s.otlp, Conns: conns, SpansPerRequest: perRequest, Spans: b.measured()})
	if err != nil {
		return err
	}
	if err := s.settle(ctx); err != nil {
		return err
	}
	after, err := s.usage()
	if err != nil {
		return err
	}
	events, dropped := a.heard()
	if f.subs > 0 && events == 0 {
		return errors.New("no subscriber was given anything")
	}
	f.cpu += after.Since(before).CPU
	f.spans += result.Acked
	f.elapsed += result.Elapsed
	f.events, f.dropped = f.events+events, f.dropped+dropped
	return nil
}

// differentFilters are conditions on what the generator sends. One in five sees
// flows from their begin; the others differ by their shortest duration, too.
func differentFilters(n int) (all []filters) {
	operations := []string{"POST /checkout", "GET /products/{id}", "POST /login", "GET /healthz"}
	services := []string{"frontend", "cart", "payment", "catalog", "accounts"}
	for i := range n {
		f := filters{"minDuration": fmt.Sprintf("%dus", 100*i)}
		operation, service := operations[i/5%len(operations)], services[i/20%len(services)]
		switch i % 5 {
		case 0:
			f = filters{"operation": operation, "service": service}
		case 1:
			f["operation"] = operation
		case 2:
			f["service"] = service
		case 3:
			f["status"] = "error"
		case 4:
			f["environment"] = "load"
		}
		all = append(all, f)
	}
	return all
}

// inConnections spreads subscriptions over connections.
func inConnections(all []filters, each int) (of [][]filters) {
	for len(all) > 0 {
		n := min(each, len(all))
		of, all = append(of, all[:n]), all[n:]
	}
	return of
}
