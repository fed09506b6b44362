package main

import (
	"context"
	"errors"
	"io"

	"github.com/flowscope/flowscope/internal/client"
)

// maxRollups bounds lists of operations and of services, which number in the
// hundreds.
const maxRollups = 10_000

type operationsCmd struct {
	serverFlags `embed:""`

	Environment string `placeholder:"NAME" help:"Flows of this environment."`
	Service     string `placeholder:"NAME" help:"Operations that reached this service."`

	periodFlags `embed:""`
	outputFlags `embed:""`
}

// Validate reports flags that cannot work.
func (c *operationsCmd) Validate() error {
	return errors.Join(c.serverFlags.check(), c.periodFlags.check())
}

// Run lists operations.
func (c *operationsCmd) Run(ctx context.Context, out io.Writer) error {
	server, err := c.server()
	if err != nil {
		return err
	}
	params := c.period()
	set(params, "environment", c.Environment)
	set(params, "service", c.Service)
	return client.PrintOperations(c.output(out), server.Operations(ctx, params, maxRollups))
}

type servicesCmd struct {
	serverFlags `embed:""`

	Environment string `placeholder:"NAME" help:"Services of this environment."`
	Namespace   string `placeholder:"NAME" help:"Services of this namespace."`

	periodFlags `embed:""`
	outputFlags `embed:""`
}

// Validate reports flags that cannot work.
func (c *servicesCmd) Validate() error {
	return errors.Join(c.serverFlags.check(), c.periodFlags.check())
}

// Run lists services.
func (c *servicesCmd) Run(ctx context.Context, out io.Writer) error {
	server, err := c.server()
	if err != nil {
		return err
	}
	params := c.period()
	set(params, "environment", c.Environment)
	set(params, "namespace", c.Namespace)
	return client.PrintServices(c.output(out), server.Services(ctx, params, maxRollups))
}
