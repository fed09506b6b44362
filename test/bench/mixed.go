package main

import (
	"context"

	"github.com/flowscope/flowscope/internal/load"
)

// mixed sends at half of full speed and asks one question after the other
// meanwhile.
func (b *bench) mixed(ctx context.Context) error {
	s, err := b.serve(ctx, dataLoaded, cutSoon)
	if err != nil {
		return err
	}
	defer s.kill()
	const longest = 15 // seconds; less when there are few spans
	rate := b.loaded.speed / 2
	c := load.Config{
		Addr: s.otlp, Conns: conns, SpansPerRequest: perRequest, Rate: rate,
		Spans: max(int64(min(rate*longest, float64(b.spans))), minSpans),
	}
	var result load.Result
	loading, loaded := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() {
		defer loaded()
		var err error
		result, err = b.send(ctx, c)
		done <- err
	}()
	asked, askErr := b.askUntil(ctx, loading, s)
	if err := firstError(<-done, askErr); err != nil {
		return err
	}
	b.report.set(mixedP99, millis(result.P99), millis(b.syncP99), "append 340 kB and sync, p99")
	b.report.fact(millis(result.P50), unitMillis, "load while queries run, p50")
	b.report.fact(result.SpansPerSecond(), "spans/s", "load while queries run; half of full speed are %s", grouped(int64(rate)))
	b.report.fact(float64(asked)/result.Elapsed.Seconds(), "/s", "load while queries run, queries answered")
	return s.stop()
}

// askUntil looks up, finds and scans in turn until loading ends.
func (b *bench) askUntil(ctx, loading context.Context, s *server) (asked int, err error) {
	questions := []func() error{
		func() error { _, err := b.lookup(ctx, s); return err },
		func() error { _, _, err := s.find(ctx, b.slowCheckouts()); return err },
		func() error { _, _, err := s.find(ctx, b.everywhere(noSession())); return err },
		func() error { _, _, err := s.find(ctx, b.everywhere(noCoupon())); return err },
	}
	for ; loading.Err() == nil; asked++ {
		if err := questions[asked%len(questions)](); err != nil {
			return asked, err
		}
	}
	return asked, nil
}
