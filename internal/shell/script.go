package shell

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

//go:embed script.bash
var bash string

//go:embed script.zsh
var zsh string

//go:embed script.fish
var fish string

// Script is what a shell reads to complete the command: bash, zsh or fish.
func Script(shell string) (string, error) {
	switch shell {
	case "bash":
		return bash, nil
	case "zsh":
		return zsh, nil
	case "fish":
		return fish, nil
	default:
		return "", fmt.Errorf("no completion for %q: bash, zsh and fish have one", shell)
	}
}

// Lines writes candidates as the scripts read them: the word, a tab, the first
// sentence of its help.
func Lines(app *kong.Application, args []string) string {
	var out strings.Builder
	for _, c := range Complete(app, args) {
		help, _, _ := strings.Cut(strings.ReplaceAll(c.Help, "\n", " "), ". ")
		fmt.Fprintf(&out, "%s\t%s\n", c.Word, strings.TrimSuffix(help, "."))
	}
	return out.String()
}
