package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/flowscope/flowscope/internal/load"
)

// sample are requests as the generator sends them, and what others make of them.
type sample struct {
	bodies   [][]byte // few, so that they weigh nothing in garbage collection
	zstd     float64  // bytes per span
	wireSize float64  // bytes per span
}

// perRequest is the size of all requests, in spans.
const perRequest = 1000

// references catches requests and compresses them.
func (b *bench) references(ctx context.Context) error {
	const sampled, kept = 100, 8
	var bodies [][]byte
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			bodies = append(bodies, body)
		}
	}))
	result, err := load.Run(ctx, load.Config{Addr: strings.TrimPrefix(receiver.URL, "http://"), Spans: sampled * perRequest, SpansPerRequest: perRequest})
	receiver.Close() // waits for the handler: bodies is ours now
	if err != nil {
		return err
	}
	if len(bodies) != sampled {
		return fmt.Errorf("%d of %d requests caught", len(bodies), sampled)
	}
	size, err := compressed(bodies)
	if err != nil {
		return err
	}
	b.sample = sample{bodies: bodies[:kept:kept], zstd: float64(size) / (sampled * perRequest), wireSize: float64(result.Bytes) / (sampled * perRequest)}
	for i := kept; i < len(bodies); i++ {
		bodies[i] = nil
	}
	b.report.fact(b.sample.wireSize, unitBytes, "a span on the wire")
	return nil
}

// compressed is the size of requests, one after the other, in chunks of 1 MiB
// with zstd at level 3.
func compressed(bodies [][]byte) (size int, err error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.EncoderLevelFromZstd(3)), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return 0, err
	}
	const chunk = 1 << 20
	var raw, out []byte
	for i, body := range bodies {
		raw = append(raw, body...)
		for len(raw) >= chunk || i == len(bodies)-1 && len(raw) > 0 {
			n := min(chunk, len(raw))
			out = encoder.EncodeAll(raw[:n], out[:0])
			size += len(out)
			raw = raw[n:]
		}
	}
	return size, encoder.Close()
}

// pdata is the CPU time in ns that the collector's own library needs to
// unmarshal a span of the sample, warmed up, garbage collection included.
// Nothing else runs in this process.
func (b *bench) pdata() (float64, error) {
	const warm, rounds = 200, 1500
	var before load.Usage
	for i := range warm + rounds {
		if i == warm {
			var err error
			if before, err = load.ReadUsage(os.Getpid()); err != nil {
				return 0, err
			}
		}
		if err := ptraceotlp.NewExportRequest().UnmarshalProto(b.sample.bodies[i%len(b.sample.bodies)]); err != nil {
			return 0, err
		}
	}
	after, err := load.ReadUsage(os.Getpid())
	return float64(after.Since(before).CPU) / (rounds * perRequest), err
}
