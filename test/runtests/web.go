package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// runVitest runs the unit tests of the dashboard and counts from the JSON report
// that vitest writes beside its usual output.
func runVitest(ctx context.Context) tally {
	dir, err := os.MkdirTemp("", "flowscope-vitest-")
	if err != nil {
		return failure(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "report.json")
	cmd := exec.CommandContext(ctx, "npm", "exec", "--", "vitest", "run",
		"--reporter=default", "--reporter=json", "--outputFile.json="+path)
	cmd.Dir = "web"
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	runErr := cmd.Run()
	sum, err := readVitest(path)
	if err != nil {
		return failure(fmt.Errorf("vitest: %w", errors.Join(err, runErr)))
	}
	if runErr != nil && sum.failed == 0 {
		sum.add(failure(fmt.Errorf("vitest: %w", runErr)))
	}
	return sum
}

// readVitest reads the counts from vitest's JSON report. A test file that fails
// before its first test is a failed suite without failed tests.
func readVitest(path string) (tally, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return tally{}, fmt.Errorf("read vitest report: %w", err)
	}
	var report struct {
		NumPassedTests, NumFailedTests, NumPendingTests, NumTodoTests, NumFailedTestSuites int
	}
	if err := json.Unmarshal(text, &report); err != nil {
		return tally{}, fmt.Errorf("read vitest report: %w", err)
	}
	sum := tally{passed: report.NumPassedTests}
	sum.failed = report.NumFailedTests + report.NumPendingTests + report.NumTodoTests
	if sum.failed == 0 {
		sum.failed = report.NumFailedTestSuites
	}
	return sum, nil
}

// runBrowser runs the dashboard's tests in Chromium, and counts from the closing
// line that their script prints as this program does.
func runBrowser(ctx context.Context) tally {
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, "npm", "run", "test:browser")
	cmd.Dir = "web"
	cmd.Stdout, cmd.Stderr = io.MultiWriter(os.Stdout, &out), os.Stderr
	runErr := cmd.Run()
	sum, err := readClosing(out.String())
	if err != nil {
		return failure(fmt.Errorf("npm run test:browser: %w", errors.Join(err, runErr)))
	}
	if runErr != nil && sum.failed == 0 {
		sum.add(failure(fmt.Errorf("npm run test:browser: %w", runErr)))
	}
	return sum
}

// readClosing reads the last line of the form "N passed, N failed".
func readClosing(out string) (tally, error) {
	closing := regexp.MustCompile(`(?m)^(\d+) passed, (\d+) failed\r?$`)
	all := closing.FindAllStringSubmatch(out, -1)
	if len(all) == 0 {
		return tally{}, errors.New(`no line "N passed, N failed" in the output`)
	}
	last := all[len(all)-1]
	passed, err := strconv.Atoi(last[1])
	failed, err2 := strconv.Atoi(last[2])
	return tally{passed: passed, failed: failed}, errors.Join(err, err2)
}
