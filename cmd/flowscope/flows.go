package main

import (
	"context"
	"errors"
	"io"
	"net/url"
	"time"

	"github.com/flowscope/flowscope/internal/client"
)

// flowFilter's flags select flows, whatever became of them.
type flowFilter struct {
	Operation   string        `placeholder:"NAME" help:"Operation of the flow."`
	Environment string        `placeholder:"NAME" help:"Environment of the flow."`
	Service     string        `placeholder:"NAME" help:"A service that the flow reached."`
	Namespace   string        `placeholder:"NAME" help:"Namespace of the service."`
	MinDuration time.Duration `placeholder:"DURATION" help:"Flows at least as long."`
	MaxDuration time.Duration `placeholder:"DURATION" help:"Flows at most as long."`
}

func (f *flowFilter) addTo(params url.Values) {
	for name, value := range map[string]string{
		"operation": f.Operation, "environment": f.Environment, "service": f.Service, "namespace": f.Namespace,
		"minDuration": given(f.MinDuration), "maxDuration": given(f.MaxDuration),
	} {
		set(params, name, value)
	}
}

// flowsCmd's flags are the parameters of GET /api/v1/flows.
type flowsCmd struct {
	serverFlags `embed:""`
	flowFilter  `embed:""`

	Status string `placeholder:"STATUS" help:"How the flow ended: success, error or timeout; active when it has not."`

	listFlags `embed:""`
}

// Validate reports flags that cannot work. What values mean is the server's to
// say.
func (c *flowsCmd) Validate() error {
	return errors.Join(c.serverFlags.check(), c.listFlags.check())
}

// Run lists flows. None is an empty list, no error.
func (c *flowsCmd) Run(ctx context.Context, out io.Writer) error {
	server, err := c.server()
	if err != nil {
		return err
	}
	params := c.period()
	c.addTo(params)
	set(params, "status", c.Status)
	params.Set("sort", c.Sort)
	return client.PrintFlows(c.output(out), server.Flows(ctx, params, c.Limit))
}
