package main

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"time"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"github.com/flowscope/flowscope/internal/client"
)

// serverFlags are those of every command that asks a server.
type serverFlags struct {
	Addr  string `env:"FLOWSCOPE_ADDR" default:"http://127.0.0.1:4319" placeholder:"URL" help:"The server."`
	Token string `env:"FLOWSCOPE_TOKEN" placeholder:"SECRET" help:"What the server's --token is. Others on the machine see command lines: use the environment."`
}

func (f *serverFlags) check() error {
	_, err := f.server()
	return err
}

// server is a client of the server.
func (f *serverFlags) server() (*client.Client, error) { return client.New(f.Addr, f.Token) }

// refuseEmpty fails when a command that asks a server is given an empty text,
// as by a script whose variable is not set: without the condition the answer
// would be about everything, and a gate without terms lets everything pass.
func refuseEmpty(command *kong.Context) error {
	node := command.Selected()
	if node == nil || !slices.ContainsFunc(node.Flags, func(f *kong.Flag) bool { return f.Name == "addr" }) {
		return nil
	}
	for _, p := range command.Path {
		switch {
		case p.Flag != nil && hasEmpty(p.Flag.Target):
			return fmt.Errorf("--%s is empty; leave it out to set nothing", p.Flag.Name)
		case p.Positional != nil && hasEmpty(p.Positional.Target):
			return fmt.Errorf("<%s> is empty", p.Positional.Name)
		}
	}
	return nil
}

// hasEmpty reports whether a value is an empty text, or a list that has one.
func hasEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String:
		return v.Len() == 0
	case reflect.Slice:
		for i := range v.Len() {
			if hasEmpty(v.Index(i)) {
				return true
			}
		}
		return v.Len() == 0
	default:
		return false
	}
}

// periodFlags select by time.
type periodFlags struct {
	Since string `xor:"since-from,since-to" placeholder:"AGO" help:"Flows that started since then, such as 15m, 1h or 7d. An hour when no time is given."`
	From  string `xor:"since-from" placeholder:"TIME" help:"Flows that started at or after: RFC 3339, Unix time or now-1h."`
	To    string `xor:"since-to" placeholder:"TIME" help:"Flows that started before."`
}

func (f *periodFlags) check() error {
	if f.Since != "" && !regexp.MustCompile(`^[0-9]+[smhd]$`).MatchString(f.Since) {
		return errors.New("--since must be a number and s, m, h or d, such as 15m")
	}
	return nil
}

// period is the flags as parameters.
func (f *periodFlags) period() url.Values {
	params := url.Values{}
	if f.Since != "" {
		params.Set("startTime", "now-"+f.Since) // by the server's clock
	}
	set(params, "startTime", f.From)
	set(params, "endTime", f.To)
	return params
}

// outputFlags say how an answer is printed.
type outputFlags struct {
	Output string `short:"o" default:"table" enum:"table,json,ndjson" help:"${enum}."`
}

func (f *outputFlags) output(out io.Writer) client.Output {
	return client.Output{Out: out, Notes: os.Stderr, Format: f.Output, Screen: screen()}
}

// screen is the one at standard output.
func screen() client.Screen {
	fd := int(os.Stdout.Fd())
	width, _, err := term.GetSize(fd)
	if err != nil {
		width = 0 // no terminal has no width
	}
	getenv := os.Getenv
	if runtime.GOOS == "windows" { // consoles there show Unicode and have no locale in the environment
		getenv = func(name string) string {
			if v := os.Getenv(name); v != "" || name != "LANG" {
				return v
			}
			return "UTF-8"
		}
	}
	return client.ScreenFor(getenv, term.IsTerminal(fd), width)
}

// listFlags are those of a list that a server sorts and pages.
type listFlags struct {
	periodFlags `embed:""`

	Sort  string `default:"time" enum:"time,duration" help:"Newest or slowest first: ${enum}."`
	Limit int    `default:"20" placeholder:"N" help:"Most rows to list."`

	outputFlags `embed:""`
}

func (f *listFlags) check() error {
	if f.Limit < 1 {
		return errors.New("--limit must be at least 1")
	}
	return f.periodFlags.check()
}

// set sets a parameter that is given.
func set(params url.Values, name, value string) {
	if value != "" {
		params.Set(name, value)
	}
}

// given is a duration as a parameter, empty when there is none.
func given(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}
