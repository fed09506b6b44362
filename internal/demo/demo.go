package demo

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// DefaultRate is lively enough to watch and costs a few percent of a core.
	DefaultRate = 10
	// MaxRate takes more than a whole core; a load generator is the better tool for more.
	MaxRate = 500

	// drainLimit is how long flows in flight may go on once Run's context is done. The slowest regular flow takes about a second.
	drainLimit = 5 * time.Second
	// stopLimit is how long the servers may take to close after that; nobody calls them any more.
	stopLimit = 2 * time.Second
	// flushLimit is how long the exporters may go on after that, when the receiver is slow or gone.
	flushLimit = 5 * time.Second
)

// Config says where the spans go and how much happens.
type Config struct {
	// OTLPGRPC and OTLPHTTP are the receiver's host:port, plaintext. One of them may be empty; all services then use the other.
	OTLPGRPC, OTLPHTTP string
	// Rate is the mean number of flows started per second; 0 means DefaultRate.
	Rate float64
	// Seed fixes the random choices, see the package comment.
	Seed uint64
	// Speed makes simulated time pass this many times faster than real time: latencies, timeouts and the calendar of outages
	// shrink, Rate does not change. 0 means 1.
	Speed float64
	// Logger gets lifecycle and export problems; nil means silence.
	Logger *slog.Logger
}

func (c Config) withDefaults() Config {
	if c.Rate == 0 {
		c.Rate = DefaultRate
	}
	if c.Speed == 0 {
		c.Speed = 1
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

func (c Config) validate() error {
	if c.OTLPGRPC == "" && c.OTLPHTTP == "" {
		return errors.New("demo: OTLPGRPC and OTLPHTTP are both empty: no receiver to send to")
	}
	for name, addr := range map[string]string{"OTLPGRPC": c.OTLPGRPC, "OTLPHTTP": c.OTLPHTTP} {
		if addr == "" {
			continue
		}
		if _, _, err := net.SplitHostPort(addr); err != nil {
			return fmt.Errorf("demo: %s %q is not host:port: %w", name, addr, err)
		}
	}
	if !(c.Rate > 0 && c.Rate <= MaxRate) { // written so that NaN fails
		return fmt.Errorf("demo: Rate %v is not in (0, %d] flows per second", c.Rate, MaxRate)
	}
	if !(c.Speed > 0) || math.IsInf(c.Speed, 1) {
		return fmt.Errorf("demo: Speed %v is not a positive number", c.Speed)
	}
	return nil
}

// Demo is one simulated company. Its methods are safe for concurrent use; it runs once.
type Demo struct {
	cfg      Config
	topology topology
	counters counters
	ran      atomic.Bool

	drainLimit, flushLimit time.Duration // the constants, but for tests
}

// New checks cfg. It opens nothing; Run does.
func New(cfg Config) (*Demo, error) {
	cfg = cfg.withDefaults()
	if err := cfg.validate(); err != nil {
		return nil, err
	}
	return &Demo{cfg: cfg, topology: company(), drainLimit: drainLimit, flushLimit: flushLimit}, nil
}

// Run starts all services, sends users through them until ctx is done, then stops in order: flows in flight end, queues drain,
// servers close, exporters flush. Each stage is bounded, so Run returns within twelve seconds of ctx even when the receiver
// hangs. A receiver that refuses spans is not an error here but counted in Stats. Run returns an error when a service could not
// be started or stopped, or on a second call.
func (d *Demo) Run(ctx context.Context) error {
	if !d.ran.CompareAndSwap(false, true) {
		return errors.New("demo: Run called twice")
	}
	flowCtx, stopFlows := context.WithCancel(context.WithoutCancel(ctx))
	defer stopFlows()

	clock := newClock(d.cfg.Speed)
	production := newMesh(d, "production", clock, d.topology.services)
	staging := newMesh(d, "staging", clock, newestOnly(d.topology.services))
	meshes := []*mesh{production, staging}
	users := newUsers(d, clock, production, staging)

	var errs []error
	for _, m := range meshes {
		errs = append(errs, m.start(flowCtx))
	}
	if errors.Join(errs...) == nil {
		d.cfg.Logger.Debug("demo services are up", "services", len(d.topology.services))
		users.run(ctx, flowCtx)
	}

	limit := time.AfterFunc(d.drainLimit, stopFlows)
	defer limit.Stop()
	users.wait()
	for _, m := range meshes {
		m.drain()
	}
	stopFlows() // what still runs is work whose caller has given up
	all := slices.Concat(production.instances, staging.instances)
	errs = append(errs, within(stopLimit, all, (*instance).stop), within(d.flushLimit, all, (*instance).flush))
	d.counters.settle()
	return errors.Join(errs...)
}

// within runs f for all instances at once with one deadline, and joins the errors.
func within(limit time.Duration, all []*instance, f func(*instance, context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	errs := make([]error, len(all))
	var running sync.WaitGroup
	for i, in := range all {
		running.Go(func() { errs[i] = f(in, ctx) })
	}
	running.Wait()
	return errors.Join(errs...)
}
