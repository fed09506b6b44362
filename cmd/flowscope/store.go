package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/alecthomas/kong"

	"github.com/flowscope/flowscope/internal/app"
	"github.com/flowscope/flowscope/internal/config"
	"github.com/flowscope/flowscope/internal/storecmd"
)

type storeCmd struct {
	Stat    storeStatCmd    `cmd:"" help:"Describe the blocks, the environments and the write-ahead log of a data directory."`
	Verify  storeVerifyCmd  `cmd:"" help:"Read every byte of a data directory and check it; exit with 1 when something is damaged."`
	Compact storeCompactCmd `cmd:"" help:"Apply retention and merge blocks while no server runs. Give it the server's settings: what they do not keep is deleted."`
	Export  storeExportCmd  `cmd:"" help:"Write spans to a file, as one Parquet table or as OTLP."`
	Backup  storeBackupCmd  `cmd:"" help:"Copy a data directory that a server may be running on."`
}

type dataDir struct {
	Data string `name:"data" env:"FLOWSCOPE_DATA" default:"flowscope-data" placeholder:"DIR" help:"Directory of the store."`
}

type storeStatCmd struct {
	dataDir `embed:""`
	Output  string `default:"table" enum:"table,json" placeholder:"FORMAT" help:"How to print it: ${enum}."`
}

// Run prints what is in the directory.
func (c *storeStatCmd) Run(ctx context.Context, out io.Writer) error {
	return storecmd.Stat(ctx, c.Data, c.Output, out)
}

type storeVerifyCmd struct {
	dataDir `embed:""`
}

// Run prints each damage.
func (c *storeVerifyCmd) Run(ctx context.Context, out io.Writer) error {
	return storecmd.Verify(ctx, c.Data, out)
}

type storeCompactCmd struct {
	dataDir       `embed:""`
	Config        kong.ConfigFlag `placeholder:"FILE" help:"The server's YAML file."`
	config.Retain `embed:""`
	All           bool `help:"Merge more than a server would, into blocks of up to four times the usual size. A merge holds one in memory."`
}

// Run prints how much there was before and is after.
func (c *storeCompactCmd) Run(ctx context.Context, out io.Writer) error {
	log, err := app.NewLogger(os.Stderr, "warn", "auto")
	if err != nil {
		return err
	}
	return app.CompactStore(ctx, c.Data, &c.Retain, c.All, log, out)
}

type storeExportCmd struct {
	dataDir `embed:""`
	Format  string   `default:"parquet" enum:"parquet,otlp,otlp-json" placeholder:"FORMAT" help:"${enum}: one flat table, requests after their length, or a request a line."`
	Out     string   `required:"" placeholder:"FILE|DIR|-" help:"A new file; a directory, for a file a block; or -, for stdout."`
	From    string   `placeholder:"TIME" help:"Spans that start then or later: RFC 3339, or like now-24h."`
	To      string   `placeholder:"TIME" help:"Spans that start earlier."`
	Service string   `placeholder:"NAME" help:"Spans of this service."`
	TraceID []string `name:"trace-id" placeholder:"ID" help:"Spans of this trace; several with commas."`
}

// Validate reports flags that cannot work.
func (c *storeExportCmd) Validate() error {
	_, err := c.filter()
	return err
}

func (c *storeExportCmd) filter() (storecmd.Filter, error) {
	return storecmd.ParseFilter(c.From, c.To, c.Service, c.TraceID, time.Now())
}

// Run writes the spans, and how many they were unless they go to stdout.
func (c *storeExportCmd) Run(ctx context.Context, out io.Writer) error {
	filter, err := c.filter()
	if err != nil {
		return err
	}
	spans, err := storecmd.Export(ctx, c.Data, c.Format, c.Out, filter, out)
	if err != nil || c.Out == "-" {
		return err
	}
	_, err = fmt.Fprintf(out, "%d spans exported\n", spans)
	return err
}

type storeBackupCmd struct {
	dataDir `embed:""`
	Out     string `required:"" placeholder:"DIR" help:"Directory of the copy, which must not exist."`
	Copy    bool   `help:"Copy blocks where they could be linked: a copy that shares no bytes with the original."`
}

// Run makes the copy and prints how large it is.
func (c *storeBackupCmd) Run(ctx context.Context, out io.Writer) error {
	return storecmd.Backup(ctx, c.Data, c.Out, !c.Copy, out)
}
