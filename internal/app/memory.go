package app

import (
	"os"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
)

const (
	// gcPercent is GOGC unless the environment says it. Most of the heap is
	// spans, in columns without pointers, which cost little to collect: half the
	// usual garbage was measured to take 3 % more CPU time and a quarter less
	// memory at full speed.
	gcPercent = 50
	// usableShare of a memory limit is for the Go runtime; the rest is for the
	// program itself, and for what the kernel counts as ours.
	usableShare = 0.9
)

// limitMemory sets how much garbage may pile up, and below a control group's
// limit makes the collector work harder before the kernel kills the process.
// GOGC and GOMEMLIMIT go before. It returns what undoes it.
func limitMemory(getenv func(string) string, readFile func(string) ([]byte, error)) (undo func()) {
	percent, limit := -2, int64(-1)
	if getenv("GOGC") == "" {
		percent = debug.SetGCPercent(gcPercent)
	}
	if most, ok := cgroupLimit(readFile); ok && getenv("GOMEMLIMIT") == "" {
		limit = debug.SetMemoryLimit(int64(usableShare * float64(most)))
	}
	return func() {
		if percent != -2 { // -1 is a collector that is off
			debug.SetGCPercent(percent)
		}
		debug.SetMemoryLimit(limit) // a negative one changes nothing
	}
}

// cgroupLimit is the memory limit in bytes of the control group (version 2)
// that the process is in, or of one around it. There is none outside Linux and
// in most sessions of people.
func cgroupLimit(readFile func(string) ([]byte, error)) (least int64, ok bool) {
	own, err := readFile("/proc/self/cgroup")
	if err != nil {
		return 0, false
	}
	_, group, found := strings.Cut(strings.TrimSpace(string(own)), "0::")
	if !found {
		return 0, false
	}
	for group = path.Clean("/" + group); ; group = path.Dir(group) {
		text, err := readFile(path.Join("/sys/fs/cgroup", group, "memory.max"))
		n, parseErr := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64) // "max" is no limit
		if err == nil && parseErr == nil && (!ok || n < least) {
			least, ok = n, true
		}
		if group == "/" {
			return least, ok
		}
	}
}

// ownMemory is limitMemory for this process.
func ownMemory() (undo func()) { return limitMemory(os.Getenv, os.ReadFile) }
