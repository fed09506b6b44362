package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// cpuModel is what the machine calls its processor, or nothing.
func cpuModel() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

// loadAverage says how busy the machine was in the last minute.
func loadAverage() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}

// machine measures what limits any server here: how long a sync takes, and how
// fast memory is read.
func (b *bench) machine(ctx context.Context) error {
	const memory, rounds = 256 << 20, 8
	block := bytes.Repeat([]byte{1}, memory)
	best := time.Hour // a limit is what the machine can do when nobody disturbs it
	for range rounds {
		begun := time.Now()
		if bytes.IndexByte(block, 0) >= 0 {
			return fmt.Errorf("memory does not keep what is written to it")
		}
		best = min(best, time.Since(begun))
	}
	b.report.fact(float64(memory)/1e9/best.Seconds(), "GB/s", "reading memory on one core")
	syncs, err := b.syncs(ctx, 200)
	if err != nil {
		return err
	}
	b.syncP99 = quantile(syncs, 0.99)
	b.report.fact(millis(quantile(syncs, 0.5)), unitMillis, "append 340 kB and sync, p50")
	return nil
}

// syncs appends n times what a request of 1,000 spans is on the wire to a file
// and syncs it each time.
func (b *bench) syncs(ctx context.Context, n int) (took []time.Duration, err error) {
	file, err := os.Create(filepath.Join(b.temp, "syncs"))
	if err != nil {
		return nil, err
	}
	defer func() { err = firstError(err, file.Close(), os.Remove(file.Name())) }()
	request := make([]byte, 340_000)
	for i := 0; i < n && ctx.Err() == nil; i++ {
		begun := time.Now()
		if _, err := file.Write(request); err != nil {
			return nil, err
		}
		if err := file.Sync(); err != nil {
			return nil, err
		}
		took = append(took, time.Since(begun))
	}
	return took, ctx.Err()
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
