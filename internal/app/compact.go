package app

import (
	"context"
	"io"
	"log/slog"

	"github.com/flowscope/flowscope/internal/config"
	"github.com/flowscope/flowscope/internal/store"
	"github.com/flowscope/flowscope/internal/storecmd"
)

// CompactStore applies retention to the store in a directory that no server
// uses, and merges its blocks.
func CompactStore(ctx context.Context, dir string, r *config.Retain, all bool, log *slog.Logger, out io.Writer) error {
	return storecmd.Compact(ctx, store.Config{Dir: dir, Retention: retention(r), Logger: log}, all, out)
}
