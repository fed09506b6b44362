package shell

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

type grammar struct {
	Verbose bool `short:"v" help:"Say more. Much more."`

	List struct {
		Output string `short:"o" enum:"table,json" default:"table" help:"How."`
		Name   string `placeholder:"NAME" env:"TOOL_NAME" help:"Whose \"name\"\\."`
		Secret string `hidden:""`
	} `cmd:"" help:"List things."`
	Show struct {
		What string `arg:"" enum:"this,that" help:"What to show."`
	} `cmd:"" aliases:"display" help:".Show one 'thing'."`
	Store struct {
		Stat struct{} `cmd:"" help:"Describe."`
		Copy struct {
			From []string `arg:"" optional:"" help:"What to copy."`
		} `cmd:"" help:"Copy."`
	} `cmd:"" help:"A family."`
	Hidden struct{} `cmd:"" hidden:""`
}

func model(t *testing.T) *kong.Application {
	t.Helper()
	parser, err := kong.New(&grammar{}, kong.Name("tool"), kong.Description("Does things."))
	if err != nil {
		t.Fatal(err)
	}
	return parser.Model
}

func TestComplete(t *testing.T) {
	app := model(t)
	for _, tc := range []struct{ args, want string }{
		{"", "list show store"},
		{"s", "show store"},
		{"x", ""},
		{"-v ", "list show store"},
		{"store ", "stat copy"},
		{"store co", "copy"},
		{"list --", "--help --verbose --output --name"},
		{"list --o", "--output"},
		{"list --output ", "table json"},
		{"list -o j", "json"},
		{"list --output=", "--output=table --output=json"},
		{"list --output=j", "--output=json"},
		{"list --output =", "table json"}, // as bash takes it apart
		{"list --output = j", "json"},
		{"list --name ", ""},
		{"list --name=x", ""},
		{"list --name show ", ""}, // a value is no command
		{"list --nothing=x", ""},
		{"list --output json --na", "--name"},
		{"show ", "this that"},
		{"display th", "this that"},
		{"show this ", ""},
		{"show -- ", "this that"},
		{"show -- --", ""},
	} {
		var got []string
		for _, c := range Complete(app, strings.Split(tc.args, " ")) {
			got = append(got, c.Word)
		}
		if strings.Join(got, " ") != tc.want {
			t.Errorf("%q: %q, want %q", tc.args, got, tc.want)
		}
	}
	if got := Lines(app, nil); !strings.HasPrefix(got, "list\tList things\nshow\t") {
		t.Errorf("lines %q", got)
	}
	if got := Lines(app, []string{"--v"}); got != "--verbose\tSay more\n" {
		t.Errorf("lines %q", got)
	}
}

func FuzzComplete(f *testing.F) {
	f.Add("list --output = ")
	f.Add("-- -v --= show")
	parser, err := kong.New(&grammar{})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, line string) {
		args := strings.Split(line, " ")
		last := args[len(args)-1]
		for _, c := range Complete(parser.Model, args) {
			if last != "=" && !strings.HasPrefix(c.Word, strings.TrimPrefix(last, "=")) {
				t.Errorf("%q completes %q", c.Word, line)
			}
		}
	})
}

func TestScript(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish"} {
		if text, err := Script(shell); err != nil || !strings.Contains(text, "flowscope complete --") {
			t.Errorf("%s: %v, %s", shell, err, text)
		}
	}
	if text, err := Script("zsh"); err != nil || !strings.Contains(text, "compset -P 1 '*='") {
		t.Errorf("zsh completes no file after --out=: %v", err)
	}
	if _, err := Script("sh"); err == nil {
		t.Error("sh has a completion")
	}
}

func TestManual(t *testing.T) {
	got := Manual(model(t), "1.0", []Section{{"EXIT STATUS", [][2]string{{"0", "Fine."}}}})
	want := `.TH TOOL 1 "" "tool 1.0"
.SH NAME
tool \- Does things.
.SH SYNOPSIS
.B tool
.I command
[\fIflags\fR]
.SH COMMANDS
.SS tool list
List things.
.TP
\fB\-o\fR, \fB\-\-output\fR=\fI\(dqtable\(dq\fR
How. Default: table.
.TP
\fB\-\-name\fR=\fINAME\fR
Whose \(dqname\(dq\e. Environment: TOOL_NAME.
.SS tool show (display) WHAT
\&.Show one \(aqthing\(aq.
.TP
.I what
What to show.
.SS tool store stat
Describe.
.SS tool store copy [FROM ...]
Copy.
.TP
.I from
What to copy.
.SH EXIT STATUS
.TP
.B 0
Fine.
`
	if got != want {
		t.Errorf("the manual is\n%s", got)
	}
}
