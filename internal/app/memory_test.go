package app

import (
	"os"
	"runtime/debug"
	"testing"
)

func TestCgroupLimit(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		want  int64
		ok    bool
	}{
		{name: "no control groups"},
		{"version 1", map[string]string{"/proc/self/cgroup": "5:memory:/x\n"}, 0, false},
		{"a container", map[string]string{"/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "536870912\n"}, 512 << 20, true},
		{"no limit", map[string]string{"/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "max\n"}, 0, false},
		{"the least around it", map[string]string{
			"/proc/self/cgroup":                       "1:name=x:/\n0::/a/b\n",
			"/sys/fs/cgroup/a/b/memory.max":           "max\n",
			"/sys/fs/cgroup/a/memory.max":             "1000\n",
			"/sys/fs/cgroup/memory.max":               "2000\n",
			"/sys/fs/cgroup/elsewhere/memory.max":     "1\n",
			"/sys/fs/cgroup/a/b/elsewhere/memory.max": "1\n",
		}, 1000, true},
		{"nonsense", map[string]string{"/proc/self/cgroup": "0::/../..\n", "/sys/fs/cgroup/memory.max": "much"}, 0, false},
	} {
		got, ok := cgroupLimit(reader(c.files))
		if got != c.want || ok != c.ok {
			t.Errorf("%s: %d, %v; want %d, %v", c.name, got, ok, c.want, c.ok)
		}
	}
}

func TestLimitMemory(t *testing.T) {
	files := map[string]string{"/proc/self/cgroup": "0::/\n", "/sys/fs/cgroup/memory.max": "1000000000\n"}
	oldPercent, oldLimit := gcSettings()
	for _, c := range []struct {
		env     map[string]string
		percent int
		limit   int64
	}{
		{nil, gcPercent, 900_000_000},
		{map[string]string{"GOGC": "70"}, oldPercent, 900_000_000},
		{map[string]string{"GOMEMLIMIT": "1GiB"}, gcPercent, oldLimit},
	} {
		undo := limitMemory(func(name string) string { return c.env[name] }, reader(files))
		if percent, limit := gcSettings(); percent != c.percent || limit != c.limit {
			t.Errorf("%v: GOGC %d, limit %d; want %d, %d", c.env, percent, limit, c.percent, c.limit)
		}
		undo()
		if percent, limit := gcSettings(); percent != oldPercent || limit != oldLimit {
			t.Errorf("%v: %d and %d are left, want %d and %d", c.env, percent, limit, oldPercent, oldLimit)
		}
	}
}

func gcSettings() (percent int, limit int64) {
	percent = debug.SetGCPercent(100)
	debug.SetGCPercent(percent)
	return percent, debug.SetMemoryLimit(-1)
}

func reader(files map[string]string) func(string) ([]byte, error) {
	return func(name string) ([]byte, error) {
		text, ok := files[name]
		if !ok {
			return nil, os.ErrNotExist
		}
		return []byte(text), nil
	}
}
