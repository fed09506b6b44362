package client

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/flowscope/flowscope/internal/analyze/compare"
)

const reportText = `{
 "baseline":{"start":"2026-11-20T10:00:00Z","end":"2026-11-20T10:10:00Z","environment":"main","flows":160},
 "candidate":{"start":"2026-11-21T10:00:00Z","end":"2026-11-21T10:10:00Z","release":"2.0","flows":200,"sampled":true},
 "onlyBaseline":["login"],"onlyCandidate":["log\u001bout"],
 "changes":[
  {"operation":"checkout","from":"","to":"web","kind":"slower","measure":"p95","baseline":{"value":60,"low":59,"samples":160},"candidate":{"value":160,"low":150,"high":170,"samples":200},"delta":1.67,"confidence":"high","explainedBy":[{"from":"web","to":"pay"}]},
  {"operation":"checkout","from":"pay","to":"fraud","kind":"added","measure":"calls","baseline":{"value":0,"samples":160},"candidate":{"value":1,"samples":200},"delta":0,"confidence":"high"},
  {"operation":"checkout","from":"web","to":"pay","kind":"slower","measure":"p95","baseline":{"value":20,"samples":160},"candidate":{"value":120,"samples":200},"delta":5,"confidence":"medium"},
  {"operation":"checkout","from":"web","to":"pay","kind":"failing less","measure":"errors","baseline":{"value":0.05,"samples":160},"candidate":{"value":0.01,"samples":200},"delta":-0.04,"confidence":"low"}]}`

// TestGoldenDiff holds the outputs of diff to files.
func TestGoldenDiff(t *testing.T) {
	var report compare.Report
	if err := json.Unmarshal([]byte(reportText), &report); err != nil {
		t.Fatal(err)
	}
	gate, err := compare.ParseGate("p95>10%")
	if err != nil {
		t.Fatal(err)
	}
	a, b := &FlowDetail{}, &FlowDetail{}
	a.ID, b.ID = "0a", "0b"
	a.Steps = []Step{{SpanID: "1", Service: "web", Name: "checkout", Duration: 60e6}, {SpanID: "2", Service: "pay", Name: "POST", Depth: 1, Duration: 20e6},
		{SpanID: "3", Service: "cart", Name: "GET", Depth: 1, Duration: 5e6}}
	b.Steps = []Step{{SpanID: "1", Service: "web", Name: "checkout", Duration: 20e6}, {SpanID: "2", Service: "pay", Name: "POST", Depth: 1, Duration: 20e6},
		{SpanID: "3", Service: "pay", Name: "POST", Depth: 1, Duration: 30e6}}
	b.Errors = []Failure{{SpanID: "2"}}
	for kind, o := range map[string]Output{
		"table": {Format: "table", Screen: Screen{Width: 90}}, "colour.table": {Format: "table", Screen: Screen{Width: 90, Colour: true}},
		"dumb.table": {Format: "table", Screen: Screen{Width: 80, ASCII: true}}, "json": {Format: "json"}, "ndjson": {Format: "ndjson"},
	} {
		for name, show := range map[string]func(Output) error{
			"diff":       func(o Output) error { return PrintDiff(o, &report, gate.Failed(report.Changes)) },
			"diff_flows": func(o Output) error { return PrintFlowDiff(o, a, b) },
		} {
			t.Run(name+"."+kind, func(t *testing.T) {
				var out, notes bytes.Buffer
				o.Out, o.Notes = &out, &notes
				if err := show(o); err != nil {
					t.Fatal(err)
				}
				golden(t, name+"."+kind, append(out.Bytes(), notes.Bytes()...))
			})
		}
	}
}

// A change whose cause is let through is refused, and says what its cause is.
func TestNoteOfRefused(t *testing.T) {
	c := compare.Change{From: "web", To: "api", ExplainedBy: []compare.Cause{{From: "api", To: "db"}, {To: "api"}}}
	const want = "refused, explained by api → db, (start) → api"
	if got := (Output{}).noteOf(&c, true); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// Figures are read by people: none has an exponent.
func TestFigures(t *testing.T) {
	for want, got := range map[string]string{
		"+2900%": difference(&compare.Change{Delta: 29}), "-33.3%": difference(&compare.Change{Delta: -1. / 3}), "+1000%": difference(&compare.Change{Delta: 9.9999}),
		"1234/flow": measured(compare.Calls, 1234.4), "1.5/flow": measured(compare.Calls, 1.5), "999/flow": measured(compare.Calls, 999.4),
		"1234567/s": perSecond(1234567), "12.3/s": perSecond(12.345), "0/s": perSecond(0),
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
