package load

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Usage is what a process takes of its machine.
type Usage struct {
	CPU      time.Duration // user and system
	Resident int64         // bytes
	Peak     int64         // most bytes ever resident
}

// Since is the usage with only the CPU time that came after before.
func (u Usage) Since(before Usage) Usage {
	u.CPU -= before.CPU
	return u
}

// clockTick is the unit of times in /proc/PID/stat: Linux shows them in
// hundredths of a second on every platform that Go runs on.
const clockTick = time.Second / 100

// ReadUsage reads a process's usage so far. It is known on Linux only; elsewhere
// the error is errors.ErrUnsupported.
func ReadUsage(pid int) (Usage, error) {
	if runtime.GOOS != "linux" {
		return Usage{}, fmt.Errorf("measure process %d on %s: %w", pid, runtime.GOOS, errors.ErrUnsupported)
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return Usage{}, fmt.Errorf("measure process %d: %w", pid, err)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return Usage{}, fmt.Errorf("measure process %d: %w", pid, err)
	}
	cpu, err := parseStat(stat)
	if err != nil {
		return Usage{}, fmt.Errorf("measure process %d: %w", pid, err)
	}
	return Usage{CPU: cpu, Resident: statusBytes(status, "VmRSS:"), Peak: statusBytes(status, "VmHWM:")}, nil
}

// parseStat adds utime and stime, fields 14 and 15 of proc(5). The second
// field, the program's name in parentheses, may itself hold spaces and
// parentheses, so fields are counted from the last one.
func parseStat(stat []byte) (time.Duration, error) {
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 13 {
		return 0, errors.New("/proc stat is not as expected")
	}
	var ticks int64
	for _, field := range fields[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc stat: %w", err)
		}
		ticks += n
	}
	return time.Duration(ticks) * clockTick, nil
}

// statusBytes is a size in /proc/PID/status, 0 when it is not there, as for a
// process that has just ended.
func statusBytes(status []byte, name string) int64 {
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			if err == nil {
				return kib << 10
			}
		}
	}
	return 0
}
