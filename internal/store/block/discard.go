package block

import (
	"fmt"

	"github.com/flowscope/flowscope/internal/store/vfs"
)

// Discard removes what a failed Write may have left of a block. When it returns
// nil, not even a crash brings that back; after an error it may be called again.
func Discard(fs vfs.FS, dir, id string) error {
	if err := clearWay(fs, dir, id); err != nil {
		return fmt.Errorf("discard block %s: %w", id, err)
	}
	if err := fs.SyncDir(dir); err != nil {
		return fmt.Errorf("discard block %s: %w", id, err)
	}
	return nil
}
