package main

import (
	"context"
	"errors"
	"io"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/flowscope/flowscope/internal/client"
)

// tracesCmd's flags are the parameters of GET /api/v1/traces.
type tracesCmd struct {
	Addr string `env:"FLOWSCOPE_ADDR" default:"http://127.0.0.1:4319" placeholder:"URL" help:"The server."`

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

	Since  string `xor:"since-from,since-to" placeholder:"AGO" help:"Flows that started since then, such as 15m, 1h or 7d. An hour when no time is given."`
	From   string `xor:"since-from" placeholder:"TIME" help:"Flows that started at or after: RFC 3339, Unix time or now-1h."`
	To     string `xor:"since-to" placeholder:"TIME" help:"Flows that started before."`
	Sort   string `default:"time" enum:"time,duration" help:"Newest or slowest first: ${enum}."`
	Limit  int    `default:"20" placeholder:"N" help:"Most traces to list."`
	Output string `short:"o" default:"table" enum:"table,json,ndjson" help:"${enum}."`
}

// Validate reports flags that cannot work. What values mean is the server's to
// say.
func (c *tracesCmd) Validate() error {
	if c.Limit < 1 {
		return errors.New("--limit must be at least 1")
	}
	if c.Since != "" && !regexp.MustCompile(`^[0-9]+[smhd]$`).MatchString(c.Since) {
		return errors.New("--since must be a number and s, m, h or d, such as 15m")
	}
	_, err := client.New(c.Addr)
	return err
}

// Run lists the traces that the server finds. None is an empty list, no error.
func (c *tracesCmd) Run(ctx context.Context, out io.Writer) error {
	server, err := client.New(c.Addr)
	if err != nil {
		return err
	}
	return client.PrintTraces(out, os.Stderr, c.Output, server.Traces(ctx, c.params(), c.Limit))
}

func (c *tracesCmd) params() url.Values {
	from := c.From
	if c.Since != "" {
		from = "now-" + c.Since // by the server's clock
	}
	params := url.Values{}
	for name, value := range map[string]string{
		"operation": c.Operation, "environment": c.Environment, "status": c.Status,
		"minDuration": given(c.MinDuration), "maxDuration": given(c.MaxDuration),
		"service": c.Service, "namespace": c.Namespace, "spanName": c.SpanName,
		"kind": strings.ToLower(c.Kind), "spanStatus": strings.ToLower(c.SpanStatus),
		"minSpanDuration": given(c.MinSpanDuration), "maxSpanDuration": given(c.MaxSpanDuration),
		"startTime": from, "endTime": c.To, "sort": c.Sort,
	} {
		if value != "" {
			params.Set(name, value)
		}
	}
	if len(c.Attribute) > 0 {
		params["attribute"] = c.Attribute
	}
	return params
}

// given is a duration as a parameter, empty when there is none.
func given(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}
