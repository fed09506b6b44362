package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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
	id := b.loaded.ids[rand.IntN(len(b.loaded.ids))]
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
		if f.Partial { // it gave up: what it would have taken
			beside += fmt.Sprintf("; gave up (%s) after %s rows, the time is that for all", strings.Join(f.Reasons, ", "), grouped(f.Scanned.Rows))
			worst = time.Duration(float64(worst) * float64(b.spans) / float64(f.Scanned.Rows))
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

// readFiles is how long it takes to read files once, one after the other.
func readFiles(pattern string) (time.Duration, error) {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return 0, err
	}
	buffer := make([]byte, 1<<20)
	begun := time.Now()
	for _, path := range paths {
		if err := readFile(path, buffer); err != nil {
			return 0, err
		}
	}
	return time.Since(begun), nil
}

func readFile(path string, buffer []byte) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	for err == nil {
		_, err = file.Read(buffer)
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, file.Close())
}
