package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

// runUnit tests what is compiled into the program, the program's parts, and the
// modules that lie in it.
func runUnit(ctx context.Context) tally {
	packages, err := listPackages(ctx)
	if err != nil {
		return failure(err)
	}
	modules, err := findModules(os.DirFS("."))
	if err != nil {
		return failure(err)
	}
	unit, _ := split(packages)
	sum := goTest(ctx, os.Stdout, ".", append([]string{"-race", "-count=1"}, unit...)...)
	for _, dir := range modules {
		sum.add(goTest(ctx, os.Stdout, dir, "-race", "-count=1", "./..."))
	}
	return sum
}

// runSystem tests the whole program from outside.
func runSystem(ctx context.Context) tally {
	packages, err := listPackages(ctx)
	if err != nil {
		return failure(err)
	}
	_, system := split(packages)
	return goTest(ctx, os.Stdout, ".", append([]string{"-p=1", "-count=1", "-timeout=15m"}, system...)...)
}

func listPackages(ctx context.Context) ([]string, error) {
	list := exec.CommandContext(ctx, "go", "list", "./...")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	return strings.Fields(string(out)), nil
}

// split parts the packages under test/ from the others.
func split(packages []string) (unit, system []string) {
	for _, p := range packages {
		if strings.Contains(p, "/test/") {
			system = append(system, p)
		} else {
			unit = append(unit, p)
		}
	}
	return unit, system
}

// goTest runs go test in the module of a folder and prints the lines of each
// package and the output of failed tests to w.
func goTest(ctx context.Context, w io.Writer, dir string, args ...string) tally {
	cmd := exec.CommandContext(ctx, "go", append([]string{"test", "-json"}, args...)...)
	cmd.Dir = dir
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return failure(err)
	}
	if err := cmd.Start(); err != nil {
		return failure(err)
	}
	sum, readErr := newReport(w).read(out)
	err = cmd.Wait()
	if readErr != nil {
		return failure(readErr)
	}
	if err != nil && sum.failed == 0 {
		sum.add(failure(fmt.Errorf("go test: %w", err)))
	}
	return sum
}

// failure reports an error that kept tests from being counted.
func failure(err error) tally {
	fmt.Fprintf(os.Stderr, "runtests: %v\n", err)
	return tally{failed: 1}
}

// An event is one line of go test -json, as cmd/test2json documents it.
type event struct {
	Action     string
	Package    string
	ImportPath string // set instead of Package by the build actions
	Test       string
	Output     string
}

// A report counts the events of one go test run and prints what a reader of the
// log needs: the closing line of each package, and everything a failed test said.
type report struct {
	w      io.Writer
	sum    tally
	output map[[2]string]*strings.Builder // of unfinished tests, by package and test
	failed map[string]bool                // packages with a failed test
}

func newReport(w io.Writer) *report {
	return &report{w: w, output: map[[2]string]*strings.Builder{}, failed: map[string]bool{}}
}

func (r *report) read(in io.Reader) (tally, error) {
	lines := bufio.NewScanner(in)
	// A test may print a long line; test2json hands it over in one event.
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			fmt.Fprintln(r.w, lines.Text()) // go itself complaining, not an event
			continue
		}
		r.take(e)
	}
	if err := lines.Err(); err != nil {
		return r.sum, fmt.Errorf("read test events: %w", err)
	}
	return r.sum, nil
}

func (r *report) take(e event) {
	key := [2]string{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		fmt.Fprint(r.w, e.Output)
	case "output":
		r.takeOutput(e)
	case "pass":
		if e.Test != "" {
			r.sum.passed++
			delete(r.output, key)
		}
	case "skip":
		if e.Test != "" { // a package is "skipped" when it has no tests
			r.fail(e)
		}
	case "fail":
		if e.Test != "" {
			r.fail(e)
		} else {
			r.failPackage(e.Package)
		}
	}
}

func (r *report) takeOutput(e event) {
	if e.Test == "" {
		if e.Output != "PASS\n" && !strings.HasSuffix(e.Output, "[no test files]\n") {
			fmt.Fprint(r.w, e.Output)
		}
		return
	}
	key := [2]string{e.Package, e.Test}
	if r.output[key] == nil {
		r.output[key] = &strings.Builder{}
	}
	r.output[key].WriteString(e.Output)
}

func (r *report) fail(e event) {
	r.sum.failed++
	r.failed[e.Package] = true
	key := [2]string{e.Package, e.Test}
	if out := r.output[key]; out != nil {
		fmt.Fprint(r.w, out)
	}
	delete(r.output, key)
}

// failPackage prints what the tests that never finished had said.
func (r *report) failPackage(name string) {
	if !r.failed[name] {
		r.sum.failed++
	}
	for key, out := range r.output {
		if key[0] == name {
			fmt.Fprint(r.w, out)
			delete(r.output, key)
		}
	}
}
