package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

var update = flag.Bool("update", false, "rewrite docs/config.md")

// TestConfigReference holds docs/config.md to the flags. Rewrite it with
// go test ./cmd/flowscope -run ConfigReference -update.
func TestConfigReference(t *testing.T) {
	const path = "../../docs/config.md"
	var grammar cli
	parser, err := newParser(&grammar, kong.Writers(io.Discard, io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	want := configReference(parser.Model)
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the flags say; rewrite it with -update", path)
	}
}

func configReference(app *kong.Application) []byte {
	var out bytes.Buffer
	out.WriteString(`# Settings

Generated from the flags by a test; do not edit.

A setting is a flag, an environment variable, or a key of the YAML file that
` + "`--config`" + ` names. The flag wins over the environment, the environment over the
file, the file over the default. The file's keys are the flags' names without
the dashes before them; a key that is no setting is refused. Sizes are written
like ` + "`16MiB`" + `, durations like ` + "`90s`" + ` or ` + "`168h`" + `, lists with commas (or as YAML
lists). Exit codes: 0 done (a search that finds nothing, too), 1 failed, 2 wrong
command line or configuration, or a request that the server calls wrong.
`)
	for _, command := range app.Leaves(true) {
		fmt.Fprintf(&out, "\n## flowscope %s\n\n%s\n", command.Path(), command.Help)
		if len(command.Flags) == 0 {
			continue
		}
		out.WriteString("\n| flag | environment | default | |\n| --- | --- | --- | --- |\n")
		for _, f := range command.Flags {
			fmt.Fprintf(&out, "| `--%s` | %s | %s | %s |\n", f.Name, code(strings.Join(f.Envs, " ")), code(f.Default), f.Help)
		}
	}
	return out.Bytes()
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}
