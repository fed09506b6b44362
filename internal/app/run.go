package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

const (
	// drainTimeout is how long API requests may take to finish at the end.
	drainTimeout = 5 * time.Second
	// settleTimeout is how long the store may take at the end to make blocks of
	// what is in memory. What it does not get done is in its log.
	settleTimeout = 10 * time.Second
)

// Run serves until ctx ends or a part fails, and then stops in the order of
// the data's way: no new spans, answers finished, analysis and store last.
func (s *Server) Run(ctx context.Context) error {
	defer ownMemory()()
	asked := ctx
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	inner, stopInner := context.WithCancel(context.WithoutCancel(ctx))
	defer stopInner()

	var errs failures
	var outerParts, innerParts sync.WaitGroup
	run := func(wg *sync.WaitGroup, part string, f func() error) {
		wg.Go(func() {
			if err := f(); err != nil {
				errs.add(fmt.Errorf("%s: %w", part, err))
			}
			stop() // no part ends before it is told to
		})
	}
	run(&innerParts, "assemble", func() error { return s.assemble.Run(inner) })
	if err := s.store.Start(inner, s.assemble); err != nil {
		stopInner()
		innerParts.Wait()
		return errors.Join(fmt.Errorf("replay the store's log: %w", err), s.Close())
	}
	run(&innerParts, "store", func() error { return s.store.Run(inner) })
	if s.receive != nil {
		run(&outerParts, "receive", func() error { return s.receive.Run(ctx) })
	}
	run(&outerParts, "http", func() error { return s.serveHTTP(ctx) })
	s.logListening()

	outerParts.Wait()
	if asked.Err() != nil {
		s.settle(inner)
	}
	stopInner()
	innerParts.Wait()
	errs.add(s.Close())
	return errs.joined()
}

// settle leaves nothing for the next start to replay: flows that were told as
// complete would be told again.
func (s *Server) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	if err := s.store.Flush(ctx); err != nil {
		s.log.Warn("the store could not make blocks of all that was in memory; the next start replays its log", "error", err)
	}
}

func (s *Server) logListening() {
	for _, name := range []string{listenHTTP, listenGRPC, listenOTLPHTTP} {
		if addr := s.addr(name); addr != "" {
			s.log.Info("listening", "listener", name, "addr", addr)
		}
	}
	if s.cfg.Token == nil && !isLoopback(s.listener.Addr()) {
		s.log.Warn("whoever reaches this address sees all flows: set --token, or let only a proxy reach it", "addr", s.addr(listenHTTP))
	}
}

func (s *Server) serveHTTP(ctx context.Context) error {
	drained := make(chan error, 1)
	go func() {
		<-ctx.Done()
		s.live.Close() // or those who follow would be waited for
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
		defer cancel()
		drained <- errors.Join(s.http.Shutdown(limited), s.http.Close())
	}()
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	if err := <-drained; !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil // a client that does not go is cut off, which is no failure
}

// Close frees what New opened. Run calls it at its end; it may be called again.
func (s *Server) Close() error {
	var errs []error
	s.live.Close()
	if s.receive != nil {
		errs = append(errs, s.receive.Close())
	}
	if s.listener != nil {
		_ = s.listener.Close() // serving has closed it already, if it came to that
	}
	if s.assemble != nil {
		errs = append(errs, s.assemble.Close())
	}
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	return errors.Join(errs...)
}

// failures collects errors of parts that run at once.
type failures struct {
	mu   sync.Mutex
	errs []error
}

func (f *failures) add(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.errs = append(f.errs, err)
}

func (f *failures) joined() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return errors.Join(f.errs...)
}
