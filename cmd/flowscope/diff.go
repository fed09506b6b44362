package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/flowscope/flowscope/internal/analyze/compare"
	"github.com/flowscope/flowscope/internal/client"
)

type diffCmd struct {
	Flows []string `arg:"" optional:"" name:"flow" help:"Two flows to compare span by span, by id."`

	serverFlags `embed:""`

	Baseline     string   `placeholder:"FILE|FROM..TO" help:"What to compare with: a file of flowscope record, or a period such as now-2h..now-1h."`
	Candidate    string   `placeholder:"FILE|FROM..TO" help:"What is compared: a period, or a file; the last hour when not given, or what of it comes after a recorded run of the same environment. With --version, the period of both versions."`
	Version      []string `placeholder:"VERSION" help:"Twice: the service.version to compare with and the one that is compared."`
	Service      string   `placeholder:"NAME" help:"The service whose versions --version means; any when not given."`
	Operation    string   `placeholder:"NAME" help:"Only this operation; all when not given."`
	Environment  string   `placeholder:"NAME" help:"Only flows of this environment. A file stays what it is."`
	FailOn       string   `placeholder:"TERMS" help:"Exit with 1 on a change such as p95>10%,errors>1%,new-edge, and when an operation has no flows any more."`
	AllowMissing bool     `help:"Let --fail-on pass operations of the baseline that have no flows in the candidate."`

	outputFlags `embed:""`
}

// Validate reports flags that cannot work.
func (c *diffCmd) Validate() error {
	gate, err := c.gate()
	if err != nil {
		return err
	}
	ways := 0
	for _, given := range []bool{len(c.Flows) > 0, c.Baseline != "", len(c.Version) > 0} {
		if given {
			ways++
		}
	}
	switch {
	case ways != 1:
		return errors.New("two flows, --baseline or --version must say what to compare, one of the three")
	case len(c.Flows) > 0 && len(c.Flows) != 2:
		return errors.New("two flows are compared, no more and no less")
	case len(c.Flows) > 0 && len(gate) > 0:
		return errors.New("--fail-on is not for two flows: one flow a side proves nothing")
	case len(c.Flows) > 0 && c.Operation+c.Environment+c.Candidate != "":
		return errors.New("--operation, --environment and --candidate are not for two flows: all of both are compared")
	case len(c.Version) > 0 && len(c.Version) != 2:
		return errors.New("--version must be given twice")
	case c.AllowMissing && len(gate) == 0:
		return errors.New("--allow-missing needs --fail-on")
	case c.Service != "" && len(c.Version) == 0:
		return errors.New("--service needs --version")
	case len(c.Version) > 0 && !isPeriod(c.candidate()):
		return errors.New("--candidate must be a period with --version")
	}
	return c.check()
}

func (c *diffCmd) candidate() string { return cmp.Or(c.Candidate, "now-1h..now") }

// behind is the candidate that is not given: what has come since the recorded
// run, where the last hour would have that run in it, too.
func (c *diffCmd) behind(base *compare.Profile, now time.Time) (string, error) {
	within := c.Environment == "" || c.Environment == base.Environment
	switch end := base.End.UTC(); {
	case !within || !end.After(now.Add(-time.Hour)):
		return c.candidate(), nil
	case end.After(now):
		return "", fmt.Errorf("the recorded run ends with this minute: wait until %s, or say what --candidate is", end.Format(time.TimeOnly))
	default:
		return end.Format(time.RFC3339Nano) + "..now", nil
	}
}

func (c *diffCmd) gate() (compare.Gate, error) {
	if c.FailOn == "" {
		return nil, nil
	}
	gate, err := compare.ParseGate(c.FailOn)
	if err != nil {
		return nil, fmt.Errorf("--fail-on: %w", err)
	}
	return gate, nil
}

// Run compares, and fails when --fail-on refuses a change.
func (c *diffCmd) Run(ctx context.Context, out io.Writer) error {
	server, err := c.server()
	if err != nil {
		return err
	}
	if len(c.Flows) > 0 {
		return c.twoFlows(ctx, server, out)
	}
	baseline, candidate := c.Baseline, c.candidate()
	releases := [2]string{}
	if len(c.Version) > 0 {
		baseline, releases = candidate, [2]string{c.Version[0], c.Version[1]}
	}
	before, err := c.side(ctx, server, baseline, releases[0])
	if err != nil {
		return err
	}
	if c.Candidate == "" && !isPeriod(baseline) {
		if candidate, err = c.behind(before, time.Now()); err != nil {
			return err
		}
	}
	after, err := c.side(ctx, server, candidate, releases[1])
	if err != nil {
		return err
	}
	report, err := compare.Profiles(before, after)
	if err != nil {
		return err
	}
	gate, err := c.gate()
	if err != nil {
		return err
	}
	failed := gate.Failed(report.Changes)
	if err := client.PrintDiff(c.output(out), report, failed); err != nil {
		return err
	}
	if err := client.NoteThin(c.output(out), gate.Thin(before, after)); err != nil {
		return err
	}
	return c.verdict(gate, failed, report.OnlyBaseline)
}

// verdict is an error when the gate refuses something: a change, or an operation
// that it cannot hold to anything because it has no flows any more.
func (c *diffCmd) verdict(gate compare.Gate, failed []compare.Change, missing []string) error {
	var errs []error
	if len(failed) > 0 {
		errs = append(errs, fmt.Errorf("%s refused by --fail-on %s", counted(len(failed), "change is", "changes are"), gate))
	}
	if len(gate) > 0 && len(missing) > 0 && !c.AllowMissing {
		errs = append(errs, fmt.Errorf("%s of the baseline without flows in the candidate, which --fail-on refuses without --allow-missing",
			counted(len(missing), "operation", "operations")))
	}
	return errors.Join(errs...)
}

func counted(n int, one, more string) string {
	if n == 1 {
		more = one
	}
	return fmt.Sprintf("%d %s", n, more)
}

func (c *diffCmd) twoFlows(ctx context.Context, server *client.Client, out io.Writer) error {
	a, err := server.Flow(ctx, c.Flows[0])
	if err != nil {
		return err
	}
	b, err := server.Flow(ctx, c.Flows[1])
	if err != nil {
		return err
	}
	return client.PrintFlowDiff(c.output(out), &a.Of, &b.Of)
}

// side reads one side: a file, or a period of the server.
func (c *diffCmd) side(ctx context.Context, server *client.Client, from, release string) (*compare.Profile, error) {
	if !isPeriod(from) {
		p, err := client.ReadProfile(from)
		if err == nil && c.Operation != "" {
			p.Only(c.Operation)
		}
		return p, err
	}
	start, end, _ := strings.Cut(from, "..")
	params := url.Values{"startTime": {start}, "endTime": {end}}
	set(params, "operation", c.Operation)
	set(params, "environment", c.Environment)
	set(params, "release", release)
	if release != "" {
		set(params, "service", c.Service)
	}
	return server.Profile(ctx, params)
}

// isPeriod tells FROM..TO from the name of a file.
func isPeriod(text string) bool {
	from, to, found := strings.Cut(text, "..")
	return found && from != "" && to != "" && !strings.ContainsAny(text, `/\`) && !strings.HasSuffix(text, ".json")
}
