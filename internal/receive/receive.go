package receive

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/flowscope/flowscope/internal/model"
)

// Sink is where received spans go.
type Sink interface {
	// Append takes a sealed batch with at least one span. When it returns nil
	// the batch is as durable as the sink makes anything: the sender is told
	// so next. It may be called concurrently, and returns soon after ctx ends.
	//
	// An error that is a RetryAfterer, also wrapped, makes the sender come back
	// after that time. Any other error makes it retry as it sees fit. Either
	// way the sender keeps the spans.
	Append(ctx context.Context, b *model.Batch) error
}

// Server listens for OTLP. Its methods may be called concurrently, Run once.
type Server struct {
	config Config
	budget *budget
	doors  []*door
	close  func() error
}

// door is one transport that is open.
type door struct {
	transport
	ingest   *ingest
	listener net.Listener
}

// transport speaks OTLP over one protocol.
type transport interface {
	// serve answers connections until drain is called.
	serve(net.Listener) error
	// drain lets requests in flight finish until ctx ends, then cuts them off.
	drain(ctx context.Context)
}

// Listen opens the configured addresses. Connections queue there, unanswered,
// until Run. Whoever does not call Run calls Close.
func Listen(ctx context.Context, c Config, sink Sink) (*Server, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("configure the receiver: %w", err)
	}
	c = c.withDefaults()
	s := &Server{config: c, budget: &budget{limit: c.InFlightLimit}}
	s.close = sync.OnceValue(s.closeListeners)
	shared := newIngest(c, sink, s.budget)
	err := errors.Join(
		s.open(ctx, "http", c.HTTPAddr, shared.over("http"), func(in *ingest) transport { return newHTTPDoor(in) }),
		s.open(ctx, "grpc", c.GRPCAddr, shared.over("grpc"), func(in *ingest) transport { return newGRPCDoor(in) }),
	)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) open(ctx context.Context, name, addr string, in *ingest, speak func(*ingest) transport) error {
	if addr == "" {
		return nil
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("listen for OTLP over %s: %w", name, err)
	}
	s.doors = append(s.doors, &door{transport: speak(in), ingest: in, listener: l})
	return nil
}

// HTTPAddr is where OTLP/HTTP is listened for, nil when it is off.
func (s *Server) HTTPAddr() net.Addr { return s.addr("http") }

// GRPCAddr is where OTLP/gRPC is listened for, nil when it is off.
func (s *Server) GRPCAddr() net.Addr { return s.addr("grpc") }

func (s *Server) addr(name string) net.Addr {
	for _, d := range s.doors {
		if d.ingest.transport == name {
			return d.listener.Addr()
		}
	}
	return nil
}

// Run answers requests until ctx ends or a listener fails. Then it stops
// listening, lets requests in flight finish for at most Config.DrainTimeout
// (and helloTimeout for a connection that has not said anything yet), and
// returns the listener's error, if any.
func (s *Server) Run(ctx context.Context) error {
	failed := make(chan error, len(s.doors))
	var serving sync.WaitGroup
	for _, d := range s.doors {
		serving.Go(func() {
			if err := d.serve(d.listener); err != nil {
				failed <- fmt.Errorf("serve OTLP over %s: %w", d.ingest.transport, err)
			}
		})
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	s.drain(context.WithoutCancel(ctx))
	serving.Wait()
	return errors.Join(err, s.Close())
}

func (s *Server) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, s.config.DrainTimeout)
	defer cancel()
	var draining sync.WaitGroup
	for _, d := range s.doors {
		draining.Go(func() { d.drain(ctx) })
	}
	draining.Wait()
}

// Close closes the listeners. It does not wait for Run, which ends by its
// context, and may be called again.
func (s *Server) Close() error { return s.close() }

func (s *Server) closeListeners() error {
	var errs []error
	for _, d := range s.doors {
		if err := d.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
