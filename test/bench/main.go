package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	spans  int64
	dir    string
	json   string
	update string
}

func parse(args []string) (options, error) {
	o := options{spans: 20_000_000}
	if text := os.Getenv("BENCH_SPANS"); text != "" {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return o, fmt.Errorf("BENCH_SPANS: %w", err)
		}
		o.spans = n
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.Int64Var(&o.spans, "spans", o.spans, "spans in the store; also BENCH_SPANS")
	flags.StringVar(&o.dir, "dir", os.TempDir(), "folder on the disk that is measured, for temporary data")
	flags.StringVar(&o.json, "json", "", "also write the results to this file")
	flags.StringVar(&o.update, "update", "", "also replace the last run in this document, between its two bench comments")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if o.spans < minSpans || flags.NArg() > 0 {
		return o, fmt.Errorf("spans are at least %d, and there are no arguments", minSpans)
	}
	return o, nil
}

// minSpans is a full request for each connection and enough traces to look up.
const minSpans = 20_000

func run(ctx context.Context, args []string) (err error) {
	o, err := parse(args)
	if err != nil {
		return err
	}
	temp, err := os.MkdirTemp(o.dir, "flowscope-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	r, err := measure(ctx, temp, o.spans)
	if err != nil {
		return err
	}
	if _, err := os.Stdout.WriteString(r.markdown()); err != nil {
		return err
	}
	if o.json != "" {
		if err := r.writeJSON(o.json); err != nil {
			return err
		}
	}
	if o.update != "" {
		return r.updateDocument(o.update)
	}
	return nil
}

// measure does every measurement, in the order in which the data builds up.
func measure(ctx context.Context, temp string, spans int64) (*report, error) {
	b := &bench{temp: temp, spans: spans, begun: time.Now(), report: newReport(spans)}
	b.binary = filepath.Join(temp, "flowscope")
	for _, step := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"build flowscope", b.build},
		{"measure the disk and the memory of this machine", b.machine},
		{"make the references for size and decoding", b.references},
		{"fill the store", b.fill},
		{"measure the cost of a span", b.ingest},
		{"start", b.start},
		{"look up traces", b.lookups},
		{"find traces", b.finds},
		{"scan an attribute", b.scans},
		{"add up a week", b.week},
		{"load and query at once", b.mixed},
		{"open 100 dashboards", b.dashboards},
		{"send to 1,000 subscribers", b.subscribers},
	} {
		b.progress(step.name)
		if err := step.run(ctx); err != nil {
			return nil, fmt.Errorf("%s: %w", step.name, errors.Join(ctx.Err(), err))
		}
	}
	return b.report, b.report.complete()
}

// bench is one run. It is used by one goroutine.
type bench struct {
	temp   string // folder for everything
	binary string
	spans  int64
	begun  time.Time
	report *report

	syncP99 time.Duration
	sample  sample // requests as the generator sends them
	loaded  loaded // the store with all spans
}

func (b *bench) progress(step string) {
	fmt.Fprintf(os.Stderr, "%4.0fs  %s\n", time.Since(b.begun).Seconds(), step)
}
