package main

import (
	"io"

	"github.com/alecthomas/kong"

	"github.com/flowscope/flowscope/internal/app"
	"github.com/flowscope/flowscope/internal/shell"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"${enum}."`
}

// Run prints what the shell reads.
func (c *completionCmd) Run(out io.Writer) error {
	script, err := shell.Script(c.Shell)
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, script)
	return err
}

// completeCmd is what the shells' scripts ask.
type completeCmd struct {
	Words []string `arg:"" optional:"" passthrough:""`
}

// Run prints what may stand in the place of the last word.
func (c *completeCmd) Run(grammar *kong.Kong, out io.Writer) error {
	words := c.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	_, err := io.WriteString(out, shell.Lines(grammar.Model, words))
	return err
}

type manCmd struct{}

// Run prints the manual.
func (manCmd) Run(grammar *kong.Kong, out io.Writer) error {
	_, err := io.WriteString(out, shell.Manual(grammar.Model, app.Version(), []shell.Section{
		{Title: "EXIT STATUS", Rows: [][2]string{
			{"0", "Done. A search that finds nothing, too; serve, demo, load and tail, which Ctrl-C or SIGTERM ends."},
			{"1", "Failed: no server, a refused token, no such flow, a change that --fail-on of diff refuses; interrupted before it was done."},
			{"2", "The command line or the configuration is wrong, or the server calls the request wrong."},
		}},
		{Title: "ENVIRONMENT", Rows: [][2]string{
			{"FLOWSCOPE_ADDR", "The server that commands ask."},
			{"FLOWSCOPE_TOKEN", "The secret that serve asks for and that commands send."},
			{"NO_COLOR", "No colour, whatever its value."},
			{"TERM", "No colour, and ASCII for lines and bars, when it is dumb."},
			{"LC_ALL, LC_CTYPE, LANG", "The first that is set says whether the terminal shows UTF-8; ASCII otherwise."},
			{"COLUMNS", "How wide to print."},
		}},
	}))
	return err
}
