package block

import (
	"path/filepath"

	"github.com/flowscope/flowscope/internal/store/vfs"
)

// SizeOnDisk is how many bytes the files of a block have, damaged or not. What
// cannot be looked at counts as nothing.
func SizeOnDisk(fs vfs.FS, parent, id string) (bytes int64) {
	dir := filepath.Join(parent, id)
	names, err := fs.ReadDir(dir)
	if err != nil {
		return 0
	}
	for _, name := range names {
		f, err := fs.Open(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		if size, err := f.Size(); err == nil {
			bytes += size
		}
		_ = f.Close()
	}
	return bytes
}
