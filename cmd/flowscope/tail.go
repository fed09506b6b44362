package main

import (
	"context"
	"io"
	"net/url"
)

type tailCmd struct {
	serverFlags `embed:""`
	flowFilter  `embed:""`

	Status string `placeholder:"STATUS" help:"How the flow ended: success, error or timeout."`

	outputFlags `embed:""`
}

// Validate reports flags that cannot work.
func (c *tailCmd) Validate() error { return c.check() }

// Run prints flows as they complete, until ctx ends.
func (c *tailCmd) Run(ctx context.Context, out io.Writer) error {
	server, err := c.server()
	if err != nil {
		return err
	}
	params := url.Values{}
	c.addTo(params)
	set(params, "status", c.Status)
	return server.Tail(ctx, c.output(out), params)
}
