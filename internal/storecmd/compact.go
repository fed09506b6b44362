package storecmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/flowscope/flowscope/internal/store"
	"github.com/flowscope/flowscope/internal/store/vfs"
)

// Compact applies retention to a data directory and merges what can be merged;
// with all, beyond what a server would. A server on the directory is an error.
func Compact(ctx context.Context, cfg store.Config, all bool, out io.Writer) (err error) {
	if _, err := os.Stat(blocksIn(cfg.Dir)); err != nil {
		return fmt.Errorf("compact: %w", err) // rather than make an empty store there
	}
	s, err := store.Open(cfg)
	if errors.Is(err, vfs.ErrLocked) {
		return fmt.Errorf("a server runs on %s, which compacts by itself; stop it first: %w", cfg.Dir, err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	before := s.Stats()
	if err := s.Compact(ctx, all); err != nil {
		return err
	}
	after := s.Stats()
	_, err = fmt.Fprintf(out, "blocks %d -> %d, spans %d -> %d, bytes %d -> %d\n", before.Blocks, after.Blocks,
		before.StoredSpans, after.StoredSpans, before.StoredBytes, after.StoredBytes)
	return err
}
