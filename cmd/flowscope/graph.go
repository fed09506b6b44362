package main

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/flowscope/flowscope/internal/client"
)

type graphCmd struct {
	Operation string `arg:"" help:"The operation's name."`

	serverFlags `embed:""`

	Environment string `placeholder:"NAME" help:"Flows of this environment."`

	periodFlags `embed:""`

	Format string `short:"f" default:"text" enum:"text,dot,mermaid,json" help:"${enum}."`
}

// Validate reports flags that cannot work.
func (c *graphCmd) Validate() error { return errors.Join(c.serverFlags.check(), c.periodFlags.check()) }

// Run shows the flow graph of an operation.
func (c *graphCmd) Run(ctx context.Context, out io.Writer) error {
	server, err := c.server()
	if err != nil {
		return err
	}
	params := c.period()
	set(params, "environment", c.Environment)
	graph, err := server.Graph(ctx, c.Operation, params)
	if err != nil {
		return err
	}
	return client.PrintGraph(client.Output{Out: out, Notes: os.Stderr, Format: c.Format, Screen: screen()}, graph)
}
