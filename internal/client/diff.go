package client

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/flowscope/flowscope/internal/analyze/compare"
)

// PrintDiff writes what changed, and which changes the gate refuses; all of it
// as a table or as "json", a change a line as "ndjson". Notes say what could not be
// compared.
func PrintDiff(o Output, r *compare.Report, failed []compare.Change) error {
	show := printChanges
	switch o.Format {
	case "json":
		show = objectOfChanges
	case "ndjson":
		show = linesOfChanges
	}
	if err := show(o, r, failed); err != nil {
		return err
	}
	return notCompared(o, r)
}

func objectOfChanges(o Output, r *compare.Report, failed []compare.Change) error {
	body, err := json.Marshal(struct {
		*compare.Report
		Failed []compare.Change `json:"failed"`
	}{r, append([]compare.Change{}, failed...)})
	if err != nil {
		return err
	}
	return o.object(body)
}

func linesOfChanges(o Output, r *compare.Report, failed []compare.Change) error {
	for i := range r.Changes {
		body, err := json.Marshal(struct {
			*compare.Change
			Refused bool `json:"refused"`
		}{&r.Changes[i], isOf(failed, &r.Changes[i])})
		if err != nil {
			return err
		}
		if err := o.line(body); err != nil {
			return err
		}
	}
	return nil
}

// isOf reports whether a change is one of some.
func isOf(some []compare.Change, c *compare.Change) bool {
	return slices.ContainsFunc(some, func(s compare.Change) bool {
		return s.Operation == c.Operation && s.From == c.From && s.To == c.To && s.Kind == c.Kind && s.Measure == c.Measure
	})
}

func source(s compare.Source) string {
	text := fmt.Sprintf("%s to %s, %d flows", clock(s.Start), clock(s.End), s.Flows)
	for _, more := range []struct {
		is   bool
		text string
	}{
		{s.Environment != "", "environment " + cell(s.Environment)}, {s.Release != "", "version " + cell(s.Release)},
		{s.Sampled, "a sample"}, {s.Partial, "damaged blocks left out"},
	} {
		if more.is {
			text += ", " + more.text
		}
	}
	return text
}

func printChanges(o Output, r *compare.Report, failed []compare.Change) error {
	if _, err := fmt.Fprintf(o.Out, "baseline   %s\ncandidate  %s\n\n", source(r.Baseline), source(r.Candidate)); err != nil {
		return err
	}
	if len(r.Changes) == 0 {
		_, err := fmt.Fprintln(o.Out, "no changes")
		return err
	}
	rows := &table{head: []string{"OPERATION", "EDGE", "CHANGE", "OF", ">BASELINE", ">CANDIDATE", ">DIFFERENCE", ">SAMPLES", "CONFIDENCE", "NOTE"}}
	for i := range r.Changes {
		c := &r.Changes[i]
		refused := isOf(failed, c)
		rows.add(cell(c.Operation), o.edge(c.From, c.To), string(c.Kind), string(c.Measure), measured(c.Measure, c.Baseline.Value),
			measured(c.Measure, c.Candidate.Value), difference(c), fmt.Sprintf("%d/%d", c.Baseline.Samples, c.Candidate.Samples),
			string(c.Confidence), o.noteOf(c, refused))
		if refused {
			rows.style(2, red)
		}
	}
	return rows.write(o.Out, o.Screen)
}

func (o Output) edge(from, to string) string {
	if from == "" {
		from = "(start)"
	}
	return cell(from) + o.Screen.pick(" → ", " -> ") + cell(to)
}

// measured writes a value as its measure has it.
func measured(of compare.Measure, v float64) string {
	switch of {
	case compare.Errors, compare.Retries:
		return percent(v)
	case compare.Calls:
		return figure(v) + "/flow"
	default:
		return millis(v)
	}
}

func difference(c *compare.Change) string {
	switch {
	case c.Kind == compare.Added || c.Kind == compare.Removed:
		return "-"
	case c.Measure == compare.Errors || c.Measure == compare.Retries:
		return fmt.Sprintf("%+.3g points", 100*c.Delta)
	default:
		sign, size := "+", 100*c.Delta
		if size < 0 {
			sign, size = "-", -size
		}
		return sign + figure(size) + "%"
	}
}

func (o Output) noteOf(c *compare.Change, refused bool) string {
	causes := make([]string, len(c.ExplainedBy))
	for i, cause := range c.ExplainedBy {
		causes[i] = o.edge(cause.From, cause.To)
	}
	var notes []string
	if refused {
		notes = append(notes, "refused")
	}
	if len(causes) > 0 {
		notes = append(notes, "explained by "+strings.Join(causes, ", "))
	}
	return strings.Join(notes, ", ")
}

// notCompared names the operations of one side, and says when the sides may be
// the same flows.
func notCompared(o Output, r *compare.Report) error {
	for _, name := range r.OnlyBaseline {
		if err := o.note("not compared: %s has no flows in the candidate", cell(name)); err != nil {
			return err
		}
	}
	for _, name := range r.OnlyCandidate {
		if err := o.note("not compared: %s has no flows in the baseline", cell(name)); err != nil {
			return err
		}
	}
	if r.Overlap() {
		return o.note("the periods overlap: flows of one server that are in both are compared with themselves")
	}
	return nil
}

// NoteThin says which quantiles of a gate have too few calls on some edges.
func NoteThin(o Output, thin []compare.Thin) error {
	for len(thin) > 0 {
		of, n := &thin[0], 1
		for n < len(thin) && thin[n].Measure == of.Measure {
			n++
		}
		if err := o.note("too few calls for --fail-on %s, which takes %d on both sides: %s of %s has %d/%d%s", of.Measure, of.Least,
			o.edge(of.From, of.To), cell(of.Operation), of.Calls[0], of.Calls[1], andMore(n-1)); err != nil {
			return err
		}
		thin = thin[n:]
	}
	return nil
}

func andMore(edges int) string {
	switch edges {
	case 0:
		return ""
	case 1:
		return ", and 1 edge more"
	default:
		return fmt.Sprintf(", and %d edges more", edges)
	}
}
