package client

import (
	"encoding/json"
	"fmt"
	"time"
)

// Difference is what became of one span between two flows. One flow a side is
// no proof of anything.
type Difference struct {
	Change    string         `json:"change"`  // added, removed, slower, faster, failing, no longer failing
	Service   string         `json:"service"` // of the span
	Name      string         `json:"name"`
	Path      string         `json:"path"`                // the spans above it and itself
	Baseline  *time.Duration `json:"baseline,omitempty"`  // missing for one that was added
	Candidate *time.Duration `json:"candidate,omitempty"` // missing for one that was removed
}

// leastDifference is the growth of a span that is worth a line.
const leastDifference = 0.1

// spanAt is a span by its place: the way to it by service and name, and the how
// manieth there.
type spanAt struct {
	path  string
	count int
}

type placed struct {
	at     spanAt
	step   *Step
	failed bool
}

// DiffFlows compares two flows span by span, in call order; what was removed
// comes last.
func DiffFlows(a, b *FlowDetail) []Difference {
	before, after := places(a), places(b)
	was := map[spanAt]placed{}
	for _, p := range before {
		was[p.at] = p
	}
	out := []Difference{}
	for _, now := range after {
		old, known := was[now.at]
		delete(was, now.at)
		out = append(out, became(old, now, known)...)
	}
	for _, p := range before {
		if _, gone := was[p.at]; gone {
			out = append(out, differenceOf("removed", p, &p.step.Duration, nil))
		}
	}
	return out
}

func became(old, now placed, known bool) []Difference {
	if !known {
		return []Difference{differenceOf("added", now, nil, &now.step.Duration)}
	}
	var out []Difference
	from, to := &old.step.Duration, &now.step.Duration
	switch grown := float64(*to - *from); {
	case grown > leastDifference*float64(*from):
		out = append(out, differenceOf("slower", now, from, to))
	case -grown > leastDifference*float64(*from):
		out = append(out, differenceOf("faster", now, from, to))
	}
	switch {
	case now.failed && !old.failed:
		out = append(out, differenceOf("failing", now, from, to))
	case old.failed && !now.failed:
		out = append(out, differenceOf("no longer failing", now, from, to))
	}
	return out
}

func differenceOf(change string, p placed, from, to *time.Duration) Difference {
	return Difference{Change: change, Service: p.step.Service, Name: p.step.Name, Path: p.at.path, Baseline: from, Candidate: to}
}

// places are the spans of a flow with their places.
func places(f *FlowDetail) []placed {
	failed := map[string]bool{}
	for _, e := range f.Errors {
		failed[e.SpanID] = true
	}
	var way []spanAt
	seen, out := map[spanAt]int{}, make([]placed, len(f.Steps))
	for i := range f.Steps {
		s := &f.Steps[i]
		way = way[:max(min(s.Depth, len(way)), 0)]
		at := spanAt{path: s.Service + " " + s.Name}
		if len(way) > 0 {
			above := way[len(way)-1]
			at.path = fmt.Sprintf("%s[%d] > %s", above.path, above.count, at.path)
		}
		seen[at]++
		at.count = seen[spanAt{path: at.path}]
		way = append(way, at)
		out[i] = placed{at, s, failed[s.SpanID]}
	}
	return out
}

// PrintFlowDiff writes the differences of two flows.
func PrintFlowDiff(o Output, a, b *FlowDetail) error {
	found := DiffFlows(a, b)
	switch o.Format {
	case "json":
		body, err := json.Marshal(struct {
			Baseline  string       `json:"baseline"`
			Candidate string       `json:"candidate"`
			Changes   []Difference `json:"changes"`
		}{a.ID, b.ID, found})
		if err != nil {
			return err
		}
		return o.object(body)
	case "ndjson":
		for i := range found {
			body, err := json.Marshal(found[i])
			if err != nil {
				return err
			}
			if err := o.line(body); err != nil {
				return err
			}
		}
		return nil
	}
	if len(found) == 0 {
		_, err := fmt.Fprintln(o.Out, "no changes")
		return err
	}
	rows := &table{head: []string{"CHANGE", "SERVICE", "SPAN", ">BASELINE", ">CANDIDATE"}}
	for _, d := range found {
		rows.add(d.Change, cell(d.Service), cell(d.Name), took(d.Baseline), took(d.Candidate))
	}
	return rows.write(o.Out, o.Screen)
}

func took(d *time.Duration) string {
	if d == nil {
		return "-"
	}
	return rounded(*d).String()
}
