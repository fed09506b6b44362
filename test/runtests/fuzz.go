package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"regexp"
	"strings"
	"time"
)

// A fuzzTarget is one Fuzz function. Go fuzzes one at a time.
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
	var sum tally
	for _, target := range targets {
		sum.add(target.run(ctx, each))
	}
	return sum
}

// run fuzzes the target, and once more when Go's own fault ended it: up to Go
// 1.26 a fuzz run whose time is up can fail with a bare "context deadline
// exceeded" (go.dev/issue/75804). A real finding always writes its input.
func (f fuzzTarget) run(ctx context.Context, each time.Duration) tally {
	for attempt := 1; ; attempt++ {
		var out bytes.Buffer
		sum := goTest(ctx, &out, f.module, "-run=^$", "-fuzz=^"+f.name+"$", "-fuzztime="+each.String(), f.dir)
		if attempt == 1 && sum.failed > 0 && isDeadlineRace(out.String()) {
			fmt.Printf("fuzz %s %s: stopped by go.dev/issue/75804, running it again\n", f.dir, f.name)
			continue
		}
		fmt.Printf("fuzz %s %s\n%s", f.dir, f.name, out.Bytes())
		return sum
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
