package shell

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// Section is a part of a manual that the grammar does not know.
type Section struct {
	Title string
	Rows  [][2]string // a term and what it means
}

// Manual is the page of a command line for man(1), in section 1.
func Manual(app *kong.Application, version string, sections []Section) string {
	var out strings.Builder
	fmt.Fprintf(&out, ".TH %s 1 \"\" \"%s\"\n", roff(strings.ToUpper(app.Name)), roff(app.Name+" "+version))
	fmt.Fprintf(&out, ".SH NAME\n%s \\- %s\n", roff(app.Name), roff(app.Help))
	fmt.Fprintf(&out, ".SH SYNOPSIS\n.B %s\n.I command\n[\\fIflags\\fR]\n.SH COMMANDS\n", roff(app.Name))
	for _, command := range app.Leaves(true) {
		fmt.Fprintf(&out, ".SS %s\n%s\n", roff(app.Name+" "+summary(command)), roff(command.Help))
		for _, p := range command.Positional {
			fmt.Fprintf(&out, ".TP\n.I %s\n%s\n", roff(p.Name), roff(p.Help))
		}
		for _, f := range command.Flags {
			if !f.Hidden {
				out.WriteString(manualFlag(f))
			}
		}
	}
	for _, s := range sections {
		fmt.Fprintf(&out, ".SH %s\n", roff(s.Title))
		for _, row := range s.Rows {
			fmt.Fprintf(&out, ".TP\n.B %s\n%s\n", roff(row[0]), roff(row[1]))
		}
	}
	return out.String()
}

// summary is a command with its arguments.
func summary(n *kong.Node) string {
	text := n.Path()
	for _, p := range n.Positional {
		argument := strings.ToUpper(p.Name)
		if p.IsCumulative() {
			argument += " ..."
		}
		if !p.Required {
			argument = "[" + argument + "]"
		}
		text += " " + argument
	}
	return text
}

func manualFlag(f *kong.Flag) string {
	name, help := `\fB`+roff("--"+f.Name)+`\fR`, f.Help
	if f.Short != 0 {
		name = `\fB` + roff("-"+string(f.Short)) + `\fR, ` + name
	}
	if !f.IsBool() && !f.IsCounter() {
		name += `=\fI` + roff(f.FormatPlaceHolder()) + `\fR`
	}
	if f.HasDefault && f.Default != "" {
		help += " Default: " + f.Default + "."
	}
	if len(f.Envs) > 0 {
		help += " Environment: " + strings.Join(f.Envs, ", ") + "."
	}
	return ".TP\n" + name + "\n" + roff(help) + "\n"
}

// roff is a text that stands for itself in a page: no escapes, no requests, and
// dashes that can be copied.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, `"`, `\(dq`, "\n", " ", "'", `\(aq`, "`", `\(ga`).Replace(s)
	if strings.HasPrefix(s, ".") {
		s = `\&` + s
	}
	return s
}
