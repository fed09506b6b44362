package load

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/sketch"
)

// Run sends what c says and returns what came of it. When ctx ends early it
// returns the result so far with ctx's error; requests without an answer count
// as failed.
func Run(ctx context.Context, c Config) (Result, error) {
	if err := c.Validate(); err != nil {
		return Result{}, err
	}
	c = c.withDefaults()
	workers, err := connect(c)
	if err != nil {
		return Result{}, err
	}
	result, err := measure(ctx, c, workers)
	for _, w := range workers {
		err = errors.Join(err, w.sender.close())
	}
	return result, err
}

func measure(ctx context.Context, c Config, workers []*worker) (Result, error) {
	warmup := c
	warmup.Spread = 0
	if _, err := sendAll(ctx, warmup, workers, c.Warmup); err != nil {
		return Result{}, err
	}
	if c.PID == 0 {
		return sendAll(ctx, c, workers, c.Spans)
	}
	before, beforeErr := ReadUsage(c.PID)
	result, err := sendAll(ctx, c, workers, c.Spans)
	if err != nil {
		return result, err
	}
	sleep(ctx, c.Settle)
	after, afterErr := ReadUsage(c.PID)
	result.Server, result.ServerErr = after.Since(before), errors.Join(beforeErr, afterErr)
	return result, nil
}

// sendAll sends that many spans over all connections.
func sendAll(ctx context.Context, c Config, workers []*worker, spans int64) (Result, error) {
	s := &schedule{config: c, spans: spans, begun: time.Now()}
	var sending sync.WaitGroup
	errs := make([]error, len(workers))
	for i, w := range workers {
		w.counts = counts{}
		sending.Go(func() { errs[i] = w.run(ctx, s) })
	}
	sending.Wait()
	total := counts{}
	for _, w := range workers {
		total.add(&w.counts)
	}
	return total.result(c, time.Since(s.begun)), errors.Join(errors.Join(errs...), ctx.Err())
}

// schedule hands out requests, numbered from 0, each when it is due.
type schedule struct {
	config Config
	spans  int64
	begun  time.Time
	next   atomic.Int64
}

// take waits until the next request is due and returns how many spans it has,
// 0 when there are none left or ctx has ended, and how many come before them.
func (s *schedule) take(ctx context.Context) (n int, before int64) {
	perRequest := int64(s.config.SpansPerRequest)
	before = (s.next.Add(1) - 1) * perRequest
	if before >= s.spans || ctx.Err() != nil {
		return 0, before
	}
	if s.config.Rate > 0 {
		due := s.begun.Add(time.Duration(float64(before) / s.config.Rate * float64(time.Second)))
		if wait := time.Until(due); wait > 0 && !sleep(ctx, wait) {
			return 0, before
		}
	}
	return int(min(perRequest, s.spans-before)), before
}

// timeOf is when the spans of a request ended that has that many before it.
func (s *schedule) timeOf(before int64) time.Time {
	left := 1 - float64(before)/float64(s.spans)
	return time.Now().Add(-time.Duration(left * float64(s.config.Spread)))
}

// worker is one connection and what it sends.
type worker struct {
	Config
	counts
	sender sender
	onAck  func([]model.TraceID)
	rand   *rand.Rand
	full   *template // of SpansPerRequest
}

// counts are what one worker saw.
type counts struct {
	Counts
	latency      sketch.Sketch
	firstProblem string
}

// connect makes the workers. Connections are opened when first used.
func connect(c Config) ([]*worker, error) {
	var acks sync.Mutex
	onAck := func(ids []model.TraceID) {
		if c.OnAck != nil {
			acks.Lock()
			defer acks.Unlock()
			c.OnAck(ids)
		}
	}
	workers := make([]*worker, 0, c.Conns)
	for range c.Conns {
		w := &worker{Config: c, onAck: onAck, rand: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())), sender: newHTTPSender(c.Addr)}
		if c.GRPC {
			s, err := newGRPCSender(c.Addr)
			if err != nil {
				return nil, err
			}
			w.sender = s
		}
		workers = append(workers, w)
	}
	return workers, nil
}

// run sends requests until the schedule has none left.
func (w *worker) run(ctx context.Context, s *schedule) error {
	for {
		n, before := s.take(ctx)
		if n == 0 {
			return nil
		}
		t, err := w.template(n)
		if err != nil {
			return err
		}
		t.renew(s.timeOf(before))
		w.record(t, w.deliver(ctx, t.body))
	}
}

// template is a request of n spans. The last request of a run is the only one
// that may be smaller than the others.
func (w *worker) template(n int) (*template, error) {
	if n != w.SpansPerRequest {
		return newTemplate(n, w.rand)
	}
	if w.full == nil {
		t, err := newTemplate(n, w.rand)
		if err != nil {
			return nil, err
		}
		w.full = t
	}
	return w.full, nil
}

// record counts what became of a request.
func (w *worker) record(t *template, a answer) {
	n := int64(len(t.spans))
	w.Requests++
	w.Sent += n
	w.Bytes += int64(len(t.body))
	if a.outcome != taken {
		w.Failed += n
		if w.firstProblem == "" {
			w.firstProblem = a.problem
		}
		return
	}
	rejected := min(a.rejected, n)
	w.Rejected += rejected
	w.Acked += n - rejected
	if rejected == 0 {
		w.onAck(t.ids)
	}
}

// AckWriter returns an OnAck that writes trace ids to w, one a line, with one
// Write per request. The first error is told to failed and ends the writing.
func AckWriter(w io.Writer, failed func(error)) func([]model.TraceID) {
	var lines []byte
	broken := false
	return func(ids []model.TraceID) {
		if broken {
			return
		}
		lines = lines[:0]
		for i := range ids {
			lines = append(hex.AppendEncode(lines, ids[i][:]), '\n')
		}
		if _, err := w.Write(lines); err != nil {
			broken = true
			failed(fmt.Errorf("write acked trace ids: %w", err))
		}
	}
}
