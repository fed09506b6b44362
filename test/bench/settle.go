package main

import (
	"context"
	"fmt"
	"time"
)

// settle waits until all that was sent is counted and in blocks, and merging
// has nothing left to do.
func (s *server) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	// A poll costs the server a millisecond or two; one a second is lost in what
	// is measured. Merges follow a block at once, so three seconds in which the
	// process does next to nothing are the end of them.
	const every, quiet, rounds = time.Second, 30 * time.Millisecond, 3
	idle, last := 0, time.Duration(0)
	waits := ""
	err := poll(ctx, every, func() (bool, error) {
		m, err := s.metrics(ctx)
		if err != nil {
			return false, err
		}
		u, err := s.usage()
		if err != nil {
			return false, err
		}
		idle++
		if waits = unsettled(m); waits != "" || u.CPU-last > quiet {
			idle = 0
		}
		last = u.CPU
		return idle == rounds, nil
	})
	if err != nil {
		return fmt.Errorf("wait until all is in blocks: %w %s", err, waits)
	}
	return nil
}

// unsettled is what still waits to be counted or written, empty when nothing does.
func unsettled(m map[string]float64) string {
	for _, name := range []string{
		"flowscope_assemble_open_traces", "flowscope_assemble_queue_bytes",
		"flowscope_store_live_spans", "flowscope_store_flushing_heads",
	} {
		if m[name] > 0 {
			return fmt.Sprintf("%s is %v", name, m[name])
		}
	}
	return ""
}
