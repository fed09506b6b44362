// Command flowscope shows how user operations flow through the services that
// serve them. See README.md for a start and `flowscope --help` for the rest.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/flowscope/flowscope/internal/app"
	"github.com/flowscope/flowscope/internal/client"
	"github.com/flowscope/flowscope/internal/config"
)

// cli is the command line. Every command's Run gets the context that ends with
// Ctrl-C or SIGTERM.
type cli struct {
	Serve  serveCmd  `cmd:"" help:"Receive OpenTelemetry spans, keep them, and show how operations flow."`
	Demo   demoCmd   `cmd:"" help:"Serve, and run a simulated shop and cloud console that sends to it."`
	Load   loadCmd   `cmd:"" help:"Send generated spans to an OTLP receiver and measure it."`
	Flows  flowsCmd  `cmd:"" help:"List the flows of a server: by operation, service, status, duration."`
	Flow   flowCmd   `cmd:"" help:"Show one flow: the tree of its spans, its critical path, its errors."`
	Tail   tailCmd   `cmd:"" help:"Print flows as they complete, until Ctrl-C."`
	Traces tracesCmd `cmd:"" help:"Search a server for traces: by operation, service, span, attribute, duration."`

	Operations operationsCmd `cmd:"" help:"List operations: how often, how fast, how many fail."`
	Graph      graphCmd      `cmd:"" help:"Show the flow graph of an operation: as a tree, for Graphviz, for Mermaid."`
	Services   servicesCmd   `cmd:"" help:"List services: status, rate, errors, percentiles, versions."`

	Record recordCmd `cmd:"" help:"Keep what operations did in a file, for diff to compare with."`
	Diff   diffCmd   `cmd:"" help:"Tell what changed: between two flows, periods, versions, or since a recorded run."`

	Store      storeCmd      `cmd:"" help:"Look into, check, shrink, export and back up a data directory."`
	Completion completionCmd `cmd:"" help:"Print the completion of flowscope for a shell: source <(flowscope completion bash)."`
	Complete   completeCmd   `cmd:"" hidden:"" help:"Complete a command line, for the scripts of completion."`
	Man        manCmd        `cmd:"" help:"Print the manual: flowscope man | man -l -."`

	Version versionCmd `cmd:"" help:"Print the version."`
}

type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run(out io.Writer) error {
	_, err := fmt.Fprintln(out, "flowscope", app.Version())
	return err
}

// newParser describes the command line for args and for the generated docs.
func newParser(grammar *cli, opts ...kong.Option) (*kong.Kong, error) {
	return kong.New(grammar, append([]kong.Option{
		kong.Name("flowscope"),
		kong.Description("Shows how every user operation flows through your services."),
		kong.Configuration(config.File),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.ValueFormatter(helpWithDefault),
		kong.UsageOnError(),
	}, opts...)...)
}

// helpWithDefault is a flag's help with its default and environment variable.
func helpWithDefault(v *kong.Value) string {
	help := kong.DefaultHelpValueFormatter(v)
	if !v.HasDefault {
		return help
	}
	return help + " Default: " + v.Default + "."
}

// run executes one command line and returns the exit code: 0 when it did what
// was asked, 1 when it failed or was interrupted, 2 when the command line or the
// configuration is wrong.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	var grammar cli
	exit := -1
	parser, err := newParser(&grammar,
		kong.Writers(out, errOut), kong.Exit(func(code int) { exit = code }),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.BindTo(out, (*io.Writer)(nil)))
	if err != nil {
		panic(err) // the grammar itself is wrong; every test would show it
	}
	command, err := parser.Parse(args)
	if exit >= 0 { // help was asked for and printed
		return exit
	}
	if err == nil {
		err = refuseEmpty(command)
	}
	if err != nil {
		_, _ = fmt.Fprintf(errOut, "flowscope: %v\n", err)
		return 2
	}
	err = command.Run()
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		if endless(command.Command()) {
			return 0
		}
		err = errors.New("interrupted before it was done")
	}
	if err != nil {
		_, _ = fmt.Fprintf(errOut, "flowscope: %v\n", err)
		return exitCode(err)
	}
	return 0
}

// endless reports whether a command is ended by Ctrl-C or SIGTERM, as it is meant
// to be. One that has an answer to give has failed then: a gate must not pass.
func endless(command string) bool {
	return slices.Contains([]string{"serve", "demo", "load", "tail"}, command)
}

// exitCode is 2 for what the server calls a wrong request: the command line was.
func exitCode(err error) int {
	var answer *client.Error
	if errors.As(err, &answer) && answer.Status == http.StatusBadRequest {
		return 2
	}
	return 1
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
