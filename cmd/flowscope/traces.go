package main

import (
	"context"
	"errors"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/flowscope/flowscope/internal/client"
)

// tracesCmd's flags are the parameters of GET /api/v1/traces.
type tracesCmd struct {
	serverFlags `embed:""`

	Operation   string        `placeholder:"NAME" help:"Operation of the flow."`
	Environment string        `placeholder:"NAME" help:"Environment of the flow."`
	Status      string        `placeholder:"STATUS" help:"How the flow ended: success, error or timeout."`
	MinDuration time.Duration `placeholder:"DURATION" help:"Flows at least as long."`
	MaxDuration time.Duration `placeholder:"DURATION" help:"Flows at most as long."`

	Service         string        `placeholder:"NAME" help:"Service of a span; with no other condition on spans, one that the flow reached."`
	Namespace       string        `placeholder:"NAME" help:"Namespace of the service."`
	SpanName        string        `placeholder:"NAME" help:"Name of the span."`
	Kind            string        `placeholder:"KIND" help:"Kind of the span: internal, server, client, producer, consumer or unspecified."`
	SpanStatus      string        `placeholder:"STATUS" help:"Status of the span: unset, ok or error."`
	MinSpanDuration time.Duration `placeholder:"DURATION" help:"Spans at least as long."`
	MaxSpanDuration time.Duration `placeholder:"DURATION" help:"Spans at most as long."`
	Attribute       []string      `sep:"none" placeholder:"KEY=VALUE" help:"Attribute of the span: key=value, key!=value, key=~regexp or key!~regexp; resource.key for its resource. May be repeated."`

	listFlags `embed:""`
}

// Validate reports flags that cannot work. What values mean is the server's to
// say.
func (c *tracesCmd) Validate() error {
	return errors.Join(c.serverFlags.check(), c.listFlags.check())
}

// Run lists the traces that the server finds. None is an empty list, no error.
func (c *tracesCmd) Run(ctx context.Context, out io.Writer) error {
	server, err := c.server()
	if err != nil {
		return err
	}
	return client.PrintTraces(c.output(out), server.Traces(ctx, c.params(), c.Limit))
}

func (c *tracesCmd) params() url.Values {
	params := c.period()
	for name, value := range map[string]string{
		"operation": c.Operation, "environment": c.Environment, "status": c.Status,
		"minDuration": given(c.MinDuration), "maxDuration": given(c.MaxDuration),
		"service": c.Service, "namespace": c.Namespace, "spanName": c.SpanName,
		"kind": strings.ToLower(c.Kind), "spanStatus": strings.ToLower(c.SpanStatus),
		"minSpanDuration": given(c.MinSpanDuration), "maxSpanDuration": given(c.MaxSpanDuration),
		"sort": c.Sort,
	} {
		set(params, name, value)
	}
	if len(c.Attribute) > 0 {
		params["attribute"] = c.Attribute
	}
	return params
}
