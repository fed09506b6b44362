package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/flowscope/flowscope/internal/load"
)

type loadCmd struct {
	GRPC     bool   `name:"grpc" xor:"transport" help:"Send over OTLP/gRPC."`
	HTTP     bool   `name:"http" xor:"transport" help:"Send over OTLP/HTTP; the default."`
	Endpoint string `placeholder:"HOST:PORT" help:"The receiver; 127.0.0.1:4317 or :4318 when not given."`

	Spans  int64         `default:"1000000" placeholder:"N" help:"Spans to send."`
	Warmup int64         `placeholder:"N" help:"Spans to send before, which are not measured."`
	Rate   float64       `placeholder:"R" help:"Spans per second; 0 is as fast as the server answers."`
	Conns  int           `default:"1" placeholder:"C" help:"Connections, each with one request at a time."`
	Batch  int           `default:"1000" placeholder:"N" help:"Spans per request."`
	GiveUp time.Duration `default:"1m" placeholder:"DURATION" help:"How long one request is retried."`
	Spread time.Duration `placeholder:"DURATION" help:"Make history: spread the spans' times evenly over that long before now."`
	PID    int           `name:"pid" placeholder:"PID" help:"The server's process, whose CPU time and memory are measured (Linux)."`
	Settle time.Duration `placeholder:"DURATION" help:"With --pid: also measure what the server does in this time after the last answer."`
	Acked  string        `placeholder:"FILE" help:"Write the id of every acknowledged trace to this file, one a line."`
}

// Validate reports flags that cannot work.
func (c *loadCmd) Validate() error { return c.config().Validate() }

func (c *loadCmd) config() load.Config {
	return load.Config{
		GRPC: c.GRPC, Addr: c.Endpoint, Spans: c.Spans, Warmup: c.Warmup, Rate: c.Rate, Conns: c.Conns,
		SpansPerRequest: c.Batch, GiveUpAfter: c.GiveUp, Spread: c.Spread, PID: c.PID, Settle: c.Settle,
	}
}

// Run sends the spans and prints what it measured. A span that was given up
// on makes it fail.
func (c *loadCmd) Run(ctx context.Context, out io.Writer) (err error) {
	cfg := c.config()
	var ackErr error
	if c.Acked != "" {
		file, createErr := os.Create(c.Acked)
		if createErr != nil {
			return createErr
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		cfg.OnAck = load.AckWriter(file, func(err error) { ackErr = err })
	}
	result, err := load.Run(ctx, cfg)
	_, printErr := result.WriteTo(out)
	if err == nil && result.Failed > 0 {
		err = fmt.Errorf("%d spans were given up on: %s", result.Failed, result.FirstProblem)
	}
	return errors.Join(err, ackErr, printErr)
}
