package vfs

import (
	"math"

	"golang.org/x/sys/windows"
)

// freeBytes asks for what the user, whose share may be limited, may still write.
func freeBytes(dir string) (int64, error) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, fail("free space of", dir, err)
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(name, &free, nil, nil); err != nil {
		return 0, fail("free space of", dir, err)
	}
	return int64(min(free, math.MaxInt64)), nil
}
