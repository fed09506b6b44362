package main

import (
	"context"
	"io"

	"github.com/flowscope/flowscope/internal/client"
)

type flowCmd struct {
	ID string `arg:"" help:"The flow's id, which is its trace's: 32 hex digits."`

	serverFlags `embed:""`

	All bool `help:"Show every span of a long flow."`

	outputFlags `embed:""`
}

// Validate reports flags that cannot work.
func (c *flowCmd) Validate() error { return c.check() }

// Run shows one flow.
func (c *flowCmd) Run(ctx context.Context, out io.Writer) error {
	server, err := c.server()
	if err != nil {
		return err
	}
	flow, err := server.Flow(ctx, c.ID)
	if err != nil {
		return err
	}
	return client.PrintFlow(c.output(out), flow, c.All)
}
