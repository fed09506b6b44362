package vfs_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/flowscope/flowscope/internal/store/vfs"
)

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// Both filesystems must do the same for everything the store does.
func TestBehaviour(t *testing.T) {
	for name, f := range map[string]vfs.FS{"os": vfs.OS{}, "mem": vfs.NewMem()} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			at := func(name string) string { return filepath.Join(dir, name) }
			ok(t, f.MkdirAll(at("a/b")), f.MkdirAll(at("a/b")))
			ok(t, vfs.WriteFile(f, at("a/one"), []byte("hello")))
			if _, err := f.Create(at("a/one")); !errors.Is(err, fs.ErrExist) {
				t.Errorf("Create of a taken name: %v, want ErrExist", err)
			}
			if _, err := f.Open(at("a/two")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("Open of a missing name: %v, want ErrNotExist", err)
			}
			file := must[vfs.File](t)(f.OpenAppend(at("a/one")))
			must[int](t)(file.Write([]byte(" world")))
			ok(t, file.Truncate(4))
			must[int](t)(file.Write([]byte("!")))
			ok(t, file.Sync(), file.Close())
			if got := string(must[[]byte](t)(vfs.ReadFile(f, at("a/one"), 100))); got != "hell!" {
				t.Errorf("content after truncating and appending = %q", got)
			}
			if _, err := vfs.ReadFile(f, at("a/one"), 4); err == nil {
				t.Error("ReadFile over its limit: no error")
			}
			ok(t, f.Rename(at("a"), at("c")), f.SyncDir(dir))
			if got := must[[]string](t)(f.ReadDir(at("c"))); !slices.Equal(got, []string{"b", "one"}) {
				t.Errorf("ReadDir = %v", got)
			}
			if free := must[int64](t)(f.Free(dir)); free <= 0 {
				t.Errorf("%d bytes are free", free)
			}
			ok(t, f.Remove(at("c/one")), f.RemoveAll(at("c")), f.RemoveAll(at("c")))
		})
	}
}

func TestLock(t *testing.T) {
	for name, f := range map[string]vfs.FS{"os": vfs.OS{}, "mem": vfs.NewMem()} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "LOCK")
			lock, err := f.Lock(path)
			ok(t, err)
			if _, err := f.Lock(path); !errors.Is(err, vfs.ErrLocked) {
				t.Errorf("second lock: %v, want ErrLocked", err)
			}
			ok(t, lock.Close())
			again, err := f.Lock(path)
			ok(t, err, again.Close())
		})
	}
}

func TestCrashLosesWhatWasNotSynced(t *testing.T) {
	m := vfs.NewMem()
	ok(t, m.MkdirAll("d"), m.SyncDir("."))
	synced := must[vfs.File](t)(m.Create("d/synced"))
	must[int](t)(synced.Write([]byte("kept")))
	ok(t, synced.Sync(), vfs.WriteFile(m, "d/renamed.tmp", []byte("x")), m.SyncDir("d"))
	must[int](t)(synced.Write([]byte("lost")))
	ok(t, vfs.WriteFile(m, "d/noname", []byte("x")), m.Rename("d/renamed.tmp", "d/renamed"))

	after := m.Crash(nil)
	if got := must[[]string](t)(after.ReadDir("d")); !slices.Equal(got, []string{"renamed.tmp", "synced"}) {
		t.Errorf("names after the crash = %v", got)
	}
	if got := string(must[[]byte](t)(vfs.ReadFile(after, "d/synced", 100))); got != "kept" {
		t.Errorf("content after the crash = %q", got)
	}

	seen, holes := map[int]bool{}, 0
	for seed := range uint64(100) {
		torn := m.Crash(rand.New(rand.NewPCG(seed, 0)))
		p := must[[]byte](t)(vfs.ReadFile(torn, "d/synced", 100))
		if string(p[:4]) != "kept" {
			t.Fatalf("a crash took synced bytes: %q", p)
		}
		if seen[len(p)] = true; string(p[4:]) == "\x00\x00\x00\x00" {
			holes++
		}
	}
	if holes == 0 {
		t.Error("no random crash lost a page in the middle of a file")
	}
	if len(seen) != 5 {
		t.Errorf("random crashes kept %d different lengths of 4 un-synced bytes, want 5", len(seen))
	}
}

func TestTruncateIsDurableOnceSynced(t *testing.T) {
	m := vfs.NewMem()
	f := must[vfs.File](t)(m.Create("f"))
	must[int](t)(f.Write([]byte("abcdef")))
	ok(t, f.Sync(), m.SyncDir("."), f.Truncate(3))
	must[int](t)(f.Write([]byte("XYZW")))
	if got := string(must[[]byte](t)(vfs.ReadFile(m.Crash(nil), "f", 100))); got != "abcdef" {
		t.Errorf("before the sync a crash leaves %q", got)
	}
	ok(t, f.Sync())
	if got := string(must[[]byte](t)(vfs.ReadFile(m.Crash(nil), "f", 100))); got != "abcXYZW" {
		t.Errorf("after the sync a crash leaves %q", got)
	}
}

func TestFault(t *testing.T) {
	boom := errors.New("boom")
	var failing atomic.Bool
	f := &vfs.Fault{FS: vfs.NewMem(), Space: new(atomic.Int64), Hook: func(op vfs.Op, name string) error {
		if failing.Load() && op == vfs.OpSync && name == "f" {
			return boom
		}
		return nil
	}}
	f.Space.Store(5)
	file := must[vfs.File](t)(f.Create("f"))
	if n, err := file.Write([]byte("1234567")); n != 5 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("write over the space left = %d, %v; want a torn write and ENOSPC", n, err)
	}
	f.Space.Store(2)
	if n, err := file.Write([]byte("89")); n != 2 || err != nil {
		t.Errorf("write when space returned = %d, %v", n, err)
	}
	if free := must[int64](t)(f.Free(".")); free != 0 {
		t.Errorf("%d bytes are free on a full disk", free)
	}
	ok(t, file.Sync())
	failing.Store(true)
	if err := file.Sync(); !errors.Is(err, boom) {
		t.Errorf("sync = %v, want the hook's error", err)
	}
}

func TestTornWrite(t *testing.T) {
	torn := fmt.Errorf("%w: %w", vfs.ErrTorn, syscall.EIO)
	f := &vfs.Fault{FS: vfs.NewMem(), Hook: func(op vfs.Op, _ string) error {
		if op == vfs.OpWrite {
			return torn
		}
		return nil
	}}
	file := must[vfs.File](t)(f.Create("f"))
	if n, err := file.Write([]byte("123456")); n != 3 || !errors.Is(err, syscall.EIO) {
		t.Errorf("a torn write = %d, %v; want half of it and EIO", n, err)
	}
	if got := string(must[[]byte](t)(vfs.ReadFile(f, "f", 100))); got != "123" {
		t.Errorf("a torn write left %q", got)
	}
}
