package main

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
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
	ids      []model.TraceID
}

// dataLoaded and dataGRPC are folders of stores, below that of the run.
const dataLoaded, dataGRPC = "loaded", "grpc"

// grpc measures the cost of a span over gRPC, with a tenth of the spans.
func (b *bench) grpc(ctx context.Context) error {
	s, err := b.serve(ctx, dataGRPC, cutSoon)
	if err != nil {
		return err
	}
	defer s.kill()
	c := load.Config{GRPC: true, Addr: s.grpc, Conns: conns, SpansPerRequest: perRequest, Spans: max(b.spans/10, minSpans)}
	result, err := b.ingest(ctx, s, c, cpuGRPC)
	if err != nil {
		return err
	}
	b.report.fact(result.SpansPerSecond(), "spans/s", "full speed over gRPC, generator beside the server")
	return nil
}

// http fills the store that all queries are asked of, and measures the cost of a
// span over HTTP, memory and disk on the way.
func (b *bench) http(ctx context.Context) error {
	s, err := b.serve(ctx, dataLoaded, cutSoon)
	if err != nil {
		return err
	}
	defer s.kill()
	empty, err := s.usage()
	if err != nil {
		return err
	}
	var peak load.Usage
	var peakErr error
	requests := int64(0)
	ids := idSample{rand: rand.New(rand.NewPCG(1, 2))}
	c := load.Config{Addr: s.otlp, Conns: conns, SpansPerRequest: perRequest, Spans: b.spans, Spread: history}
	c.OnAck = func(acked []model.TraceID) {
		ids.add(acked)
		if requests++; requests == b.spans/2/perRequest {
			peak, peakErr = s.usage()
		}
	}
	begun := time.Now()
	result, err := b.ingest(ctx, s, c, cpuHTTP)
	if err = firstError(err, peakErr); err != nil {
		return err
	}
	b.loaded = loaded{from: begun.Add(-history), to: time.Now(), speed: result.SpansPerSecond(), ids: ids.ids}
	b.report.set(peakMemory, float64(peak.Peak)/1e6, float64(empty.Resident)/1e6, "a server with an empty store")
	b.report.fact(b.loaded.speed, "spans/s", "full speed over HTTP, generator beside the server")
	return b.disk(ctx, s)
}

// ingest sends what c says to a warm server and sets the row of its cost.
func (b *bench) ingest(ctx context.Context, s *server, c load.Config, id string) (load.Result, error) {
	pdataBefore, err := b.pdata()
	if err != nil {
		return load.Result{}, err
	}
	warm := c
	warm.Spans, warm.OnAck, warm.Spread = max(b.spans/100, 2*perRequest), nil, 0
	if _, err := b.send(ctx, warm); err != nil {
		return load.Result{}, err
	}
	if err := s.settle(ctx); err != nil {
		return load.Result{}, err
	}
	before, err := s.usage()
	if err != nil {
		return load.Result{}, err
	}
	result, err := b.send(ctx, c)
	if err != nil {
		return load.Result{}, err
	}
	if err := s.settle(ctx); err != nil {
		return load.Result{}, err
	}
	after, err := s.usage()
	if err != nil {
		return load.Result{}, err
	}
	pdataAfter, err := b.pdata()
	b.report.set(id, float64(after.Since(before).CPU)/float64(result.Acked), (pdataBefore+pdataAfter)/2, "pdata unmarshals it")
	return result, err
}

// send is load.Run that takes no loss.
func (b *bench) send(ctx context.Context, c load.Config) (load.Result, error) {
	result, err := load.Run(ctx, c)
	if err == nil && result.Acked != result.Sent {
		err = fmt.Errorf("%d of %d spans were acked: %s", result.Acked, result.Sent, result.FirstProblem)
	}
	return result, err
}

// disk measures the folder of a settled store.
func (b *bench) disk(ctx context.Context, s *server) error {
	m, err := s.metrics(ctx)
	if err != nil {
		return err
	}
	stored := m["flowscope_store_stored_spans"]
	size, err := folderSize(filepath.Join(b.temp, dataLoaded))
	if err != nil {
		return err
	}
	b.report.set(diskBytes, float64(size)/stored, b.sample.zstd, "zstd level 3 of the wire in 1 MiB chunks")
	b.report.fact(m["flowscope_store_wal_bytes_total"]/stored, unitBytes, "a span in the write-ahead log")
	b.report.fact(m["flowscope_store_wal_syncs_total"]/stored*1e6, "", "syncs of the log per million spans, %d connections", conns)
	b.report.fact(m["flowscope_store_blocks"], "", "blocks")
	b.report.Columns, err = columnSizes(filepath.Join(b.temp, dataLoaded, "blocks"), stored)
	return err
}

func folderSize(dir string) (size int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	return size, err
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
