package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"
)

// start measures how long a start takes: the slowest of three.
func (b *bench) start(ctx context.Context) error {
	slowest := func(data string) (worst time.Duration, err error) {
		for range 3 {
			s, err := b.serve(ctx, data)
			if err != nil {
				return 0, err
			}
			worst = max(worst, s.took)
			if err := s.stop(); err != nil {
				return 0, err
			}
		}
		return worst, nil
	}
	empty, err := slowest("empty")
	if err != nil {
		return err
	}
	full, err := slowest(dataLoaded)
	b.report.set(startTime, millis(full), millis(empty), "with an empty store")
	return err
}

// lookups asks for traces by id, of two processes that have just started.
func (b *bench) lookups(ctx context.Context) error {
	const processes, perProcess = 2, 250
	var traces, trivial []time.Duration
	for range processes {
		s, err := b.serve(ctx, dataLoaded)
		if err != nil {
			return err
		}
		defer s.kill()
		for range perProcess {
			took, err := b.lookup(ctx, s)
			if err != nil {
				return err
			}
			traces = append(traces, took)
		}
		more, err := s.trivial(ctx, perProcess)
		if err != nil {
			return err
		}
		trivial = append(trivial, more...)
		if err := s.stop(); err != nil {
			return err
		}
	}
	const beside = "GET /healthz"
	b.report.set(lookupP50, millis(quantile(traces, 0.5)), millis(quantile(trivial, 0.5)), beside)
	b.report.set(lookupP99, millis(quantile(traces, 0.99)), millis(quantile(trivial, 0.99)), beside)
	return nil
}

// lookup asks for a random trace.
func (b *bench) lookup(ctx context.Context, s *server) (time.Duration, error) {
	id := b.loaded.ids.ids[rand.IntN(len(b.loaded.ids.ids))]
	body, took, err := s.timed(ctx, fmt.Sprintf("/api/v1/traces/%x", id[:]))
	if err != nil {
		return 0, err
	}
	var trace struct{ Spans []json.RawMessage }
	if err := json.Unmarshal(body, &trace); err != nil {
		return 0, fmt.Errorf("trace %x: %w", id[:], err)
	}
	if len(trace.Spans) == 0 {
		return 0, fmt.Errorf("trace %x has no spans", id[:])
	}
	return took, nil
}

// trivial times requests that the server answers without looking anything up.
func (s *server) trivial(ctx context.Context, n int) (times []time.Duration, err error) {
	for range n {
		_, took, err := s.timed(ctx, "/healthz")
		if err != nil {
			return nil, err
		}
		times = append(times, took)
	}
	return times, nil
}
