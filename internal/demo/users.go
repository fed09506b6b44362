package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/baggage"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

const (
	// maxInFlight flows at once: two seconds of MaxRate. More would only mean that the machine cannot keep up; users then wait.
	maxInFlight = 1000
	// patience is how long a user waits for anything, in simulated time.
	patience = 10 * time.Second
	// population is the number of distinct users.
	population = 400
	// stagingShare of all flows is done by testers.
	stagingShare = 0.05
)

// users click through the web pages at a mean rate, independent of how fast they are served.
type users struct {
	demo                *Demo
	clock               clock
	production, staging *mesh
	inFlight            sync.WaitGroup
	slots               chan struct{}
}

func newUsers(d *Demo, c clock, production, staging *mesh) *users {
	return &users{demo: d, clock: c, production: production, staging: staging, slots: make(chan struct{}, maxInFlight)}
}

// run starts flows, at random intervals as independent users do, until ctx is done. The flows themselves live in flowCtx.
func (u *users) run(ctx, flowCtx context.Context) {
	arrivals := newRand(u.demo.cfg.Seed)
	timer := time.NewTimer(0)
	defer timer.Stop()
	due := time.Now()
	for n := uint64(1); ; n++ {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		select {
		case u.slots <- struct{}{}:
		case <-ctx.Done():
			return
		}
		u.inFlight.Go(func() {
			defer func() { <-u.slots }()
			u.flow(flowCtx, rand.New(rand.NewPCG(u.demo.cfg.Seed, n)))
		})
		due = due.Add(time.Duration(arrivals.ExpFloat64() / u.demo.cfg.Rate * float64(time.Second)))
		if now := time.Now(); due.Before(now.Add(-time.Second)) {
			due = now // after a stall (or a laptop's sleep) go on; do not catch up in a burst
		}
		timer.Reset(time.Until(due))
	}
}

func (u *users) wait() { u.inFlight.Wait() }

// flow is one user action from click to result.
func (u *users) flow(ctx context.Context, rng *rand.Rand) {
	environment := u.production
	if rng.Float64() < stagingShare {
		environment = u.staging
	}
	op := u.demo.topology.draw(rng)
	ui, err := environment.pick(op.ui, rng)
	if err != nil {
		u.demo.cfg.Logger.Error("demo flow not started", "operation", op.name, "err", err)
		return
	}
	ctx, cancel := u.clock.withTimeout(ctx, patience)
	defer cancel()
	ctx, span := ui.tracer.Start(withOperation(ctx, op.name), op.name, trace.WithAttributes(
		attribute.String(operationKey, op.name),
		attribute.String("ui.event", op.event),
	), trace.WithAttributes(identity(u.demo.cfg.Seed, rng.Uint64N(population))...))

	err = op.steps.run(ctx, newExec(ui, rng.Uint64()))
	endFlow(span, err)
	u.demo.counters.flowsSent.Add(1)
	if err != nil {
		u.demo.counters.flowsFailed.Add(1)
	}
}

// identity is what a front end may say about a user without naming anybody.
func identity(seed, user uint64) []attribute.KeyValue {
	pseudonym := hash(fmt.Sprintf("user %d of %d", user, seed))
	session := hash(fmt.Sprintf("session of %d", pseudonym))
	return []attribute.KeyValue{
		semconv.EnduserPseudoID(fmt.Sprintf("u-%08x", uint32(pseudonym))),
		semconv.SessionID(fmt.Sprintf("%016x", session)),
		attribute.String("user.email", fmt.Sprintf("%c***@example.com", 'a'+rune(pseudonym%26))),
	}
}

// endFlow ends a root span with what the user saw.
func endFlow(span trace.Span, err error) {
	status := http.StatusOK
	if err != nil {
		status = asFailure(err).status
	}
	span.SetAttributes(semconv.HTTPResponseStatusCode(status))
	endSpan(span, err)
}

// withOperation puts the operation's name into the baggage of ctx.
func withOperation(ctx context.Context, name string) context.Context {
	member, err := baggage.NewMemberRaw(operationKey, name)
	if err != nil {
		return ctx // not for names in [a-z_]
	}
	bag, err := baggage.New(member)
	if err != nil {
		return ctx
	}
	return baggage.ContextWithBaggage(ctx, bag)
}

func operationFrom(ctx context.Context) string {
	return baggage.FromContext(ctx).Member(operationKey).Value()
}
