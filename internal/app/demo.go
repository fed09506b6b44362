package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/flowscope/flowscope/internal/config"
	"github.com/flowscope/flowscope/internal/demo"
)

// DemoConfig is what the demo can be told.
type DemoConfig struct {
	Serve    config.Serve  // an empty Data is a temporary directory
	Rate     float64       // flows per second
	Duration time.Duration // 0 runs until ctx ends
	Seed     uint64
	Out      io.Writer // where people read
	Live     bool      // Out is a terminal: the status line rewrites itself
}

// settleLimit is how long the last flows may take from being sent to being
// counted: the quiet time of a trace and a margin.
const settleLimit = 15 * time.Second

// Demo runs a server and the simulated company that sends to it until ctx ends
// or the duration is over. Then it waits for the last flows to be counted and
// prints a summary.
func Demo(ctx context.Context, c DemoConfig, log *slog.Logger) (err error) {
	if c.Serve.Data == "" {
		if c.Serve.Data, err = os.MkdirTemp("", "flowscope-demo-"); err != nil {
			return fmt.Errorf("make the demo's data directory: %w", err)
		}
		defer func() { err = errors.Join(err, os.RemoveAll(c.Serve.Data)) }()
	}
	server, err := New(ctx, c.Serve, log)
	if err != nil {
		return err
	}
	serving, stopServing := context.WithCancel(context.WithoutCancel(ctx))
	served := make(chan error, 1)
	go func() { served <- server.Run(serving) }()
	defer func() {
		stopServing()
		err = errors.Join(err, <-served)
	}()

	company, err := demo.New(demo.Config{
		OTLPGRPC: server.addr(listenGRPC), OTLPHTTP: server.addr(listenOTLPHTTP),
		Rate: c.Rate, Seed: c.Seed, Logger: log,
	})
	if err != nil {
		return err
	}
	show := &show{DemoConfig: c, server: server, company: company, began: time.Now()}
	show.intro()
	return show.run(ctx)
}

// show is a running demo as the person at the terminal sees it.
type show struct {
	DemoConfig
	server  *Server
	company *demo.Demo
	began   time.Time
}

func (s *show) run(ctx context.Context) error {
	if s.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.Duration)
		defer cancel()
	}
	ran := make(chan error, 1)
	go func() { ran <- s.company.Run(ctx) }()
	err := s.watch(ran)
	s.settle()
	s.summary()
	return err
}

// watch keeps the status line fresh until the company has stopped.
func (s *show) watch(ran <-chan error) error {
	every := 10 * time.Second
	if s.Live {
		every = 500 * time.Millisecond
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case err := <-ran:
			if s.Live {
				s.printf("\n")
			}
			return err
		case <-tick.C:
			s.status()
		}
	}
}

// settle waits until everything that was sent has been counted.
func (s *show) settle() {
	limit := time.After(settleLimit)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		sent, seen := s.counts()
		if seen.flows >= sent.flows && seen.spans >= sent.spans {
			return
		}
		select {
		case <-tick.C:
		case <-limit:
			return
		}
	}
}

// tally is a number of flows and of spans.
type tally struct{ flows, spans int64 }

// counts says what the company has sent and what the server has of it. Queue
// batches are traces of their own, so they are flows too.
func (s *show) counts() (sent, seen tally) {
	c := s.company.Stats()
	return tally{int64(c.FlowsSent + c.Batches), int64(c.SpansSent)}, s.server.counted()
}

func (s *show) intro() {
	t := s.company.Topology()
	s.printf("\nFlowscope demo: %d services, %d operations, %g flows a second.\n\n", len(t.Services), len(t.Operations), s.Rate)
	s.printf("  Open   %s\n", s.server.URL())
	s.printf("  API    %s %s/api/v1/operations\n\nLook first at\n", s.curl(), s.server.URL())
	for _, op := range t.Operations {
		if op.Hint != "" {
			s.printf("  %-14s %s\n", op.Name, op.Hint)
		}
	}
	s.printf("\n")
	s.printf("Ctrl-C stops it.\n\n")
}

// curl is a command that may ask the server. The token is a secret, also here.
func (s *show) curl() string {
	if s.Serve.Token == nil {
		return "curl"
	}
	return `curl -u ":$FLOWSCOPE_TOKEN"`
}

func (s *show) status() {
	sent, seen := s.counts()
	failed := s.company.Stats().FlowsFailed
	line := fmt.Sprintf("%6s  %d flows sent, %d seen, %d failed; %d spans sent, %d stored",
		time.Since(s.began).Round(time.Second), sent.flows, seen.flows, failed, sent.spans, seen.spans)
	if s.Live {
		s.printf("\r\x1b[K%s", line)
	} else {
		s.printf("%s\n", line)
	}
}

func (s *show) summary() {
	sent, seen := s.counts()
	stats := s.company.Stats()
	s.printf("\nflows sent    %d\nflows seen    %d\nspans sent    %d\nspans stored  %d\n", sent.flows, seen.flows, sent.spans, seen.spans)
	if lost := stats.SpansFailed + stats.SpansDropped; lost > 0 {
		s.printf("spans lost    %d before they were sent\n", lost)
	}
}

// printf writes for people; a terminal that is gone is not an error.
func (s *show) printf(format string, args ...any) { _, _ = fmt.Fprintf(s.Out, format, args...) }
