package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"time"
)

// A fuzzTarget is one Fuzz function. One go test fuzzes one of them.
type fuzzTarget struct {
	module string // folder of the module, "." for the root's
	dir    string // in it, ./internal/decode
	name   string // FuzzZipkin
}

func runFuzz(ctx context.Context, each time.Duration) tally {
	targets, err := findFuzz(os.DirFS("."))
	if err != nil {
		return failure(err)
	}
	var (
		mu   sync.Mutex
		sum  tally
		all  sync.WaitGroup
		free = make(chan struct{}, runtime.GOMAXPROCS(0))
	)
	for _, target := range targets {
		free <- struct{}{}
		all.Go(func() {
			defer func() { <-free }()
			out, found := target.run(ctx, each)
			mu.Lock()
			defer mu.Unlock()
			fmt.Printf("fuzz %s %s\n%s", target.dir, target.name, out)
			sum.add(found)
		})
	}
	all.Wait()
	return sum
}

// run fuzzes the target, and once more when Go's own fault ended it: up to Go
// 1.26 a fuzz run whose time is up can fail with a bare "context deadline
// exceeded" (go.dev/issue/75804). A real finding always writes its input.
func (f fuzzTarget) run(ctx context.Context, each time.Duration) (out []byte, found tally) {
	for attempt := 1; ; attempt++ {
		var text bytes.Buffer
		found = goTest(ctx, &text, f.module, "-run=^$", "-fuzz=^"+f.name+"$", "-fuzztime="+each.String(), "-parallel=1", f.dir)
		if attempt == 1 && found.failed > 0 && isDeadlineRace(text.String()) {
			out = []byte("stopped by go.dev/issue/75804, running it again\n")
			continue
		}
		return append(out, text.Bytes()...), found
	}
}

func isDeadlineRace(out string) bool {
	return strings.Contains(out, "    context deadline exceeded\n") && !strings.Contains(out, "Failing input written")
}

// findFuzz reads the Fuzz functions from the source: asking go test -list would
// build and link the tests of every package first.
func findFuzz(root fs.FS) ([]fuzzTarget, error) {
	fuzz := regexp.MustCompile(`(?m)^func (Fuzz\w*)\(\w+ \*testing\.F\)`)
	modules, err := findModules(root)
	if err != nil {
		return nil, err
	}
	var targets []fuzzTarget
	err = fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && skipped(name) {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := fs.ReadFile(root, name)
		module, dir := within(modules, path.Dir(name))
		for _, match := range fuzz.FindAllSubmatch(text, -1) {
			targets = append(targets, fuzzTarget{module: module, dir: dir, name: string(match[1])})
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find fuzz functions: %w", err)
	}
	return targets, nil
}
