package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/flowscope/flowscope/internal/client"
)

type recordCmd struct {
	serverFlags `embed:""`

	Out         string `required:"" placeholder:"FILE" help:"The file to write; - is standard output."`
	Operation   string `placeholder:"NAME" help:"Only this operation; all when not given."`
	Environment string `placeholder:"NAME" help:"Only flows of this environment."`

	periodFlags `embed:""`
}

// Validate reports flags that cannot work.
func (c *recordCmd) Validate() error {
	return errors.Join(c.serverFlags.check(), c.periodFlags.check())
}

// Run writes what operations did to a file. A period without flows is an error:
// a baseline of nothing would let everything pass.
func (c *recordCmd) Run(ctx context.Context, out io.Writer) error {
	server, err := c.server()
	if err != nil {
		return err
	}
	params := c.period()
	set(params, "operation", c.Operation)
	set(params, "environment", c.Environment)
	profile, err := server.Profile(ctx, params)
	if err != nil {
		return err
	}
	flows := int64(0)
	for i := range profile.Operations {
		flows += profile.Operations[i].Flows
	}
	if flows == 0 {
		return errors.New("there are no flows to record")
	}
	to := c.Out
	if to == "-" {
		to, err = "standard output", client.EncodeProfile(out, profile)
	} else {
		err = client.WriteProfile(to, profile)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(os.Stderr, "recorded %s of %s in %s\n", counted(int(flows), "flow", "flows"),
		counted(len(profile.Operations), "operation", "operations"), to)
	return err
}
