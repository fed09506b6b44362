//go:build unix

package vfs

import (
	"errors"

	"golang.org/x/sys/unix"
)

// freeBytes asks statfs(2) for what a process that is not root may still write.
func freeBytes(dir string) (int64, error) {
	var st unix.Statfs_t
	for {
		err := unix.Statfs(dir, &st)
		if err == nil {
			return int64(st.Bavail) * int64(st.Bsize), nil //nolint:unconvert // the types differ between systems
		}
		if !errors.Is(err, unix.EINTR) {
			return 0, fail("statfs", dir, err)
		}
	}
}
