package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"
)

// A tally is what one or more stages counted.
type tally struct{ passed, failed int }

func (t *tally) add(o tally) {
	t.passed += o.passed
	t.failed += o.failed
}

type stage struct {
	name string
	run  func(context.Context) tally
}

func main() {
	// Five seconds give a decoder some 100,000 inputs: enough to meet a broken
	// bound check, short enough to do for every function on every change.
	fuzztime := flag.Duration("fuzztime", 5*time.Second, "how long to fuzz each function")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	stages := []stage{
		{"unit", runUnit},
		{"system", runSystem},
		{"fuzz", func(ctx context.Context) tally { return runFuzz(ctx, *fuzztime) }},
		{"web", runWeb},
		{"browser", runBrowser},
	}
	if !run(ctx, stages, flag.Args()) {
		os.Exit(1)
	}
}

// run runs the named stages, or all, prints the sum and tells whether it is
// free of failures.
func run(ctx context.Context, stages []stage, names []string) bool {
	for _, name := range names {
		if !slices.ContainsFunc(stages, func(s stage) bool { return s.name == name }) {
			fmt.Fprintf(os.Stderr, "runtests: no stage is called %q\n", name)
			return false
		}
	}
	var total tally
	for _, s := range stages {
		if len(names) > 0 && !slices.Contains(names, s.name) {
			continue
		}
		fmt.Printf("== %s\n", s.name)
		start := time.Now()
		sum := s.run(ctx)
		if sum == (tally{}) {
			fmt.Println("runtests: no test ran")
			sum.failed = 1
		}
		fmt.Printf("== %s: %d passed, %d failed in %s\n", s.name, sum.passed, sum.failed,
			time.Since(start).Round(time.Second))
		total.add(sum)
	}
	fmt.Printf("%d passed, %d failed\n", total.passed, total.failed)
	return total.failed == 0
}
