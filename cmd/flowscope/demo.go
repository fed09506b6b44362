package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/flowscope/flowscope/internal/app"
	"github.com/flowscope/flowscope/internal/config"
)

type demoCmd struct {
	Rate     float64       `default:"10" placeholder:"N" help:"Flows started per second."`
	Duration time.Duration `placeholder:"DURATION" help:"End by itself after this long; 0 runs until Ctrl-C."`
	Seed     uint64        `default:"1" placeholder:"N" help:"Fixes the random choices."`
	Keep     bool          `help:"Keep the data in --data instead of a temporary directory."`

	config.Serve `embed:""`
}

// Validate reports flags that cannot work.
func (c *demoCmd) Validate() error {
	if c.Rate <= 0 || c.Duration < 0 {
		return errors.New("--rate must be above zero and --duration not below")
	}
	if c.OTLPGRPC == config.Off && c.OTLPHTTP == config.Off {
		return errors.New("--otlp-grpc and --otlp-http are both off: the demo has nowhere to send to")
	}
	return c.Serve.Validate()
}

// Run runs the demo until ctx ends or the duration is over.
func (c *demoCmd) Run(ctx context.Context, out io.Writer) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	signal.Ignore(syscall.SIGPIPE) // or it would end at once, and leave its data
	defer signal.Reset(syscall.SIGPIPE)
	out = pipe{out, stop}
	terminal := term.IsTerminal(int(os.Stdout.Fd()))
	if terminal && c.LogLevel == "info" {
		c.LogLevel = "warn" // the status line is what people look at
	}
	log, err := app.NewLogger(os.Stderr, c.LogLevel, c.LogFormat)
	if err != nil {
		return err
	}
	if !c.Keep {
		c.Data = ""
	}
	return app.Demo(ctx, app.DemoConfig{
		Serve: c.Serve, Rate: c.Rate, Duration: c.Duration, Seed: c.Seed, Out: out, Live: terminal,
	}, log)
}

// pipe is where the demo speaks to. When nobody reads it any more (demo | head) the
// demo ends.
type pipe struct {
	io.Writer
	broken func()
}

func (p pipe) Write(text []byte) (int, error) {
	n, err := p.Writer.Write(text)
	if err != nil {
		p.broken()
	}
	return n, err
}
