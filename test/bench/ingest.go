package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/flowscope/flowscope/internal/load"
	"github.com/flowscope/flowscope/internal/model"
)

const (
	conns   = 4
	history = 24 * time.Hour // that the spans lie over
	// cutSoon makes a block of what came last. At full speed heads are full
	// before that.
	cutSoon = "--head-age=5s"
)

// loaded is the store with all spans in it.
type loaded struct {
	from, to time.Time // what the spans lie between
	speed    float64   // spans a second that it took
	ids      idSample
}

// dataLoaded is the folder of the store, below that of the run.
const dataLoaded = "loaded"

// fill makes history of all spans but those that the cost is measured with. A
// backlog is not what the cost of a span is promised for, so its own is a fact.
func (b *bench) fill(ctx context.Context) error {
	s, err := b.serve(ctx, dataLoaded, cutSoon)
	if err != nil {
		return err
	}
	defer s.kill()
	b.loaded.ids.rand = rand.New(rand.NewPCG(1, 2))
	begun := time.Now()
	result, err := b.send(ctx, load.Config{
		Addr: s.otlp, Conns: conns, SpansPerRequest: perRequest, Spans: b.spans - 2*b.measured(), Spread: history, OnAck: b.loaded.ids.add,
	})
	if err != nil {
		return err
	}
	if err := s.settle(ctx); err != nil {
		return err
	}
	u, err := s.usage()
	if err != nil {
		return err
	}
	b.loaded.from, b.loaded.to = begun.Add(-history), time.Now()
	b.report.fact(float64(u.CPU)/float64(result.Acked), unitNanos, "CPU per span of a day's backlog")
	b.report.fact(result.SpansPerSecond(), "spans/s", "speed of a day's backlog")
	return s.stop()
}

// measured is how many spans the cost of one is measured with.
func (b *bench) measured() int64 { return b.spans / 10 }

// ingest measures what a span costs, and what it takes of memory and disk, in a
// store that is nearly full.
func (b *bench) ingest(ctx context.Context) error {
	empty, err := b.emptyServer(ctx)
	if err != nil {
		return err
	}
	s, err := b.serve(ctx, dataLoaded, cutSoon)
	if err != nil {
		return err
	}
	defer s.kill()
	c := load.Config{Conns: conns, SpansPerRequest: perRequest, Spans: b.measured()}
	c.GRPC, c.Addr = true, s.grpc
	if err := b.cost(ctx, s, c, cpuGRPC); err != nil {
		return err
	}
	c.GRPC, c.Addr = false, s.otlp
	if err := b.cost(ctx, s, c, cpuHTTP); err != nil {
		return err
	}
	u, err := s.usage()
	if err != nil {
		return err
	}
	b.report.set(peakMemory, float64(u.Peak)/1e6, float64(empty.Resident)/1e6, "a server with an empty store")
	if err := b.disk(ctx, s); err != nil {
		return err
	}
	return s.stop()
}

// emptyServer is what a server takes that has nothing to do.
func (b *bench) emptyServer(ctx context.Context) (load.Usage, error) {
	s, err := b.serve(ctx, "empty")
	if err != nil {
		return load.Usage{}, err
	}
	defer s.kill()
	return s.usage()
}

// cost sends what c says to a warm server and sets the row of a span's cost.
func (b *bench) cost(ctx context.Context, s *server, c load.Config, id string) error {
	pdataBefore, err := b.pdata()
	if err != nil {
		return err
	}
	warm := c
	warm.Spans = max(c.Spans/10, perRequest)
	if _, err := b.send(ctx, warm); err != nil {
		return err
	}
	if err := s.settle(ctx); err != nil {
		return err
	}
	before, err := s.usage()
	if err != nil {
		return err
	}
	result, err := b.send(ctx, c)
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
	pdataAfter, err := b.pdata()
	b.report.set(id, float64(after.Since(before).CPU)/float64(result.Acked), (pdataBefore+pdataAfter)/2, "pdata unmarshals it")
	b.report.fact(result.SpansPerSecond(), "spans/s", "full speed (%s), the generator beside the server", id)
	b.loaded.speed = result.SpansPerSecond()
	return err
}

// send is load.Run that takes no loss.
func (b *bench) send(ctx context.Context, c load.Config) (load.Result, error) {
	result, err := load.Run(ctx, c)
	if err == nil && result.Acked != result.Sent {
		err = fmt.Errorf("%d of %d spans were acked: %s", result.Acked, result.Sent, result.FirstProblem)
	}
	return result, err
}

// idSample keeps some of many trace ids, each as likely as the other.
type idSample struct {
	rand *rand.Rand
	seen int
	ids  []model.TraceID
}

func (s *idSample) add(ids []model.TraceID) {
	const kept = 10_000
	for _, id := range ids {
		s.seen++
		if len(s.ids) < kept {
			s.ids = append(s.ids, id)
		} else if i := s.rand.IntN(s.seen); i < kept {
			s.ids[i] = id
		}
	}
}
