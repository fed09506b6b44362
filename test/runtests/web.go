package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// runWeb runs the unit tests of the dashboard.
func runWeb(ctx context.Context) tally { return runVitest(ctx, "test") }

// runBrowser runs the dashboard's tests in Chromium.
func runBrowser(ctx context.Context) tally { return runVitest(ctx, "test:browser") }

// runVitest runs an npm script of web/ that is a vitest run, and counts from the
// JSON report that vitest writes beside its usual output.
func runVitest(ctx context.Context, script string) tally {
	dir, err := os.MkdirTemp("", "flowscope-vitest-")
	if err != nil {
		return failure(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "report.json")
	cmd := exec.CommandContext(ctx, "npm", "run", script, "--",
		"--reporter=default", "--reporter=json", "--outputFile.json="+path)
	cmd.Dir = "web"
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	runErr := cmd.Run()
	sum, err := readVitest(path)
	if err != nil {
		return failure(fmt.Errorf("npm run %s: %w", script, errors.Join(err, runErr)))
	}
	if runErr != nil && sum.failed == 0 {
		sum.add(failure(fmt.Errorf("npm run %s: %w", script, runErr)))
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
