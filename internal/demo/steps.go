package demo

import (
	"context"
	"net/http"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// step is one thing an endpoint does. An error ends the endpoint; its status is what asFailure makes of it. Steps are
// immutable and run by many requests at once.
type step interface {
	run(ctx context.Context, x *exec) error
}

// steps run one after the other until one fails.
type steps []step

func (s steps) run(ctx context.Context, x *exec) error {
	for _, one := range s {
		if err := one.run(ctx, x); err != nil {
			return err
		}
	}
	return nil
}

// work is time spent in the service itself.
func work(median, p99 float64) step { return workStep(lat(median, p99)) }

type workStep latency

func (s workStep) run(ctx context.Context, x *exec) error {
	return x.at.mesh.clock.sleep(ctx, latency(s).draw(x.rng))
}

// task is work under an internal span of its own.
func task(name string, s ...step) step { return taskStep{name, s} }

type taskStep struct {
	name  string
	steps steps
}

func (s taskStep) run(ctx context.Context, x *exec) error {
	ctx, span := x.at.tracer.Start(ctx, s.name, trace.WithSpanKind(trace.SpanKindInternal))
	err := s.steps.run(ctx, x)
	endSpan(span, err)
	return err
}

// sometimes runs s in a share of all cases.
func sometimes(share float64, s ...step) step { return sometimesStep{share, s} }

type sometimesStep struct {
	share float64
	steps steps
}

func (s sometimesStep) run(ctx context.Context, x *exec) error {
	if x.rng.Float64() >= s.share {
		return nil
	}
	return s.steps.run(ctx, x)
}

// fails answers with status in a share of all cases.
func fails(share float64, status int, reason string) step {
	return sometimes(share, failStep{status, reason})
}

type failStep struct {
	status int
	reason string
}

func (s failStep) run(context.Context, *exec) error {
	return &failure{s.status, s.reason, nil}
}

// outage makes the service answer 503 for a few seconds of every minute: first for lasting after start, then again every period.
func outage(period, start, lasting time.Duration) step { return outageStep{period, start, lasting} }

type outageStep struct{ period, start, lasting time.Duration }

func (s outageStep) run(_ context.Context, x *exec) error {
	if at := x.at.mesh.clock.now()%s.period - s.start; at < 0 || at >= s.lasting {
		return nil
	}
	return &failure{http.StatusServiceUnavailable, "connection pool exhausted", nil}
}

// onVersion runs s only in instances of that release.
func onVersion(version string, s ...step) step { return versionStep{version, s} }

type versionStep struct {
	version string
	steps   steps
}

func (s versionStep) run(ctx context.Context, x *exec) error {
	if x.at.version != s.version {
		return nil
	}
	return s.steps.run(ctx, x)
}

// parallel runs all of s at once and cancels the others when one fails.
func parallel(s ...step) step { return parallelStep(s) }

type parallelStep []step

func (s parallelStep) run(ctx context.Context, x *exec) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		branches sync.WaitGroup
		once     sync.Once
		first    error
	)
	for _, one := range s {
		branch := x.split()
		branches.Go(func() {
			if err := one.run(ctx, branch); err != nil {
				once.Do(func() { first = err; cancel() })
			}
		})
	}
	branches.Wait()
	return first
}
