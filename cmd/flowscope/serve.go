package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/alecthomas/kong"

	"github.com/flowscope/flowscope/internal/app"
	"github.com/flowscope/flowscope/internal/config"
)

type serveCmd struct {
	Config       kong.ConfigFlag `placeholder:"FILE" help:"YAML file with one key per flag. Flags and the environment win over it."`
	config.Serve `embed:""`
}

// Run serves until ctx ends.
func (c *serveCmd) Run(ctx context.Context) error {
	log, err := app.NewLogger(os.Stderr, c.LogLevel, c.LogFormat)
	if err != nil {
		return err
	}
	slog.SetDefault(log)
	server, err := app.New(ctx, c.Serve, log)
	if err != nil {
		return err
	}
	return server.Run(ctx)
}
