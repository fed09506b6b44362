package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// found is what a search answers.
type found struct {
	Traces  []json.RawMessage
	Partial bool
	Reasons []string
	Scanned struct{ Rows, Bytes int64 }
}

func (s *server) find(ctx context.Context, q url.Values) (f found, took time.Duration, err error) {
	body, took, err := s.timed(ctx, "/api/v1/traces?"+q.Encode())
	if err != nil {
		return f, 0, err
	}
	return f, took, json.Unmarshal(body, &f)
}

// finds asks for slow failed checkouts in random hours.
func (b *bench) finds(ctx context.Context) error {
	s, err := b.serve(ctx, dataLoaded)
	if err != nil {
		return err
	}
	defer s.kill()
	const queries = 200
	var times []time.Duration
	traces := 0
	for range queries {
		f, took, err := s.find(ctx, b.slowCheckouts())
		if err != nil {
			return err
		}
		if f.Partial {
			return fmt.Errorf("an answer is partial: %v", f.Reasons)
		}
		times = append(times, took)
		traces += len(f.Traces)
	}
	trivial, err := s.trivial(ctx, queries)
	if err != nil {
		return err
	}
	b.report.set(findP99, millis(quantile(times, 0.99)), millis(quantile(trivial, 0.99)), "GET /healthz")
	b.report.fact(millis(quantile(times, 0.5)), unitMillis, "find, p50")
	b.report.fact(float64(traces)/queries, "", "traces found by each, at most 20")
	return s.stop()
}

func (b *bench) slowCheckouts() url.Values {
	const length = time.Hour
	from := b.loaded.from.Add(rand.N(b.loaded.to.Sub(b.loaded.from) - length))
	return url.Values{
		"service": {"payment"}, "operation": {"POST /checkout"}, "minDuration": {"200ms"}, "status": {"error"}, "limit": {"20"},
		"startTime": {nanos(from)}, "endTime": {nanos(from.Add(length))},
	}
}

func nanos(t time.Time) string { return strconv.FormatInt(t.UnixNano(), 10) }

// scans look for values that no span has, so that nothing ends early: the
// slowest of three, the first of which finds every file closed.
func (b *bench) scans(ctx context.Context) error {
	s, err := b.serve(ctx, dataLoaded)
	if err != nil {
		return err
	}
	defer s.kill()
	read, err := readFiles(filepath.Join(b.temp, dataLoaded, "blocks", "*", "spans.parquet"))
	if err != nil {
		return err
	}
	for _, scan := range []struct {
		id        string
		attribute func() string
	}{{scanColumn, noSession}, {scanRest, noCoupon}} {
		worst, f, err := b.scan(ctx, s, scan.attribute)
		if err != nil {
			return fmt.Errorf("%s: %w", scan.id, err)
		}
		beside := "reading all spans.parquet"
		if f.Partial {
			beside += fmt.Sprintf("; it gave up (%s) after %s rows of spans and flows", strings.Join(f.Reasons, ", "), grouped(f.Scanned.Rows))
		}
		b.report.set(scan.id, millis(worst), millis(read), beside)
		b.report.fact(float64(f.Scanned.Bytes)/float64(f.Scanned.Rows), unitBytes, "%s: bytes it says it reads per row", scan.id)
	}
	return s.stop()
}

// scan is the slowest of three searches of all spans, and its answer.
func (b *bench) scan(ctx context.Context, s *server, attribute func() string) (worst time.Duration, of found, err error) {
	for range 3 {
		f, took, err := s.find(ctx, b.everywhere(attribute()))
		if err != nil {
			return 0, f, err
		}
		if len(f.Traces) > 0 || f.Scanned.Rows == 0 {
			return 0, f, fmt.Errorf("%d traces have a value that none was given, in %d rows", len(f.Traces), f.Scanned.Rows)
		}
		if took > worst {
			worst, of = took, f
		}
	}
	return worst, of, nil
}

// everywhere asks all spans for an attribute.
func (b *bench) everywhere(attribute string) url.Values {
	return url.Values{"attribute": {attribute}, "startTime": {nanos(b.loaded.from.Add(-time.Hour))}, "endTime": {nanos(b.loaded.to.Add(time.Hour))}}
}

// Attributes that no span has, of values that columns' bounds cannot tell from
// those that some have.
func noSession() string { return fmt.Sprintf("session.id=%016x", rand.Uint64()) }

func noCoupon() string { return fmt.Sprintf("shop.coupon=SAVE-%05dx", rand.IntN(100_000)) }
