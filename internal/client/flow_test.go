package client

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

// A long flow is cut, and says so; --all shows it. However deep it is, lines stay
// within the screen.
func TestLongFlow(t *testing.T) {
	f := &Row[FlowDetail]{Of: FlowDetail{Flow: Flow{Duration: time.Second}}}
	for i := range 250 {
		f.Of.Steps = append(f.Of.Steps, Step{Name: "step", Service: "shop/a", Depth: i, Duration: time.Second})
	}
	for _, all := range []bool{false, true} {
		var out bytes.Buffer
		if err := PrintFlow(Output{Out: &out, Format: "table", Screen: Screen{Width: 80}}, f, all); err != nil {
			t.Fatal(err)
		}
		want := 100
		if all {
			want = 250
		}
		if n := strings.Count(out.String(), "step"); n != want {
			t.Errorf("%d spans are shown, want %d", n, want)
		}
		if said := strings.Contains(out.String(), "… 150 more; --all shows them"); said == all {
			t.Errorf("with all=%v the flow says it is cut: %v", all, said)
		}
		for line := range strings.Lines(out.String()) {
			if columns(strings.TrimRight(line, "\n")) > 80 {
				t.Errorf("line of %d columns: %s", columns(line), line)
			}
		}
	}
}

// What no server should send is drawn all the same.
func TestStrangeFlows(t *testing.T) {
	for name, f := range map[string]FlowDetail{
		"nothing":  {},
		"jump":     {Steps: []Step{{Depth: 1 << 40}, {Depth: -5}, {Depth: 7}}},
		"backward": {Flow: Flow{Duration: -1}, Steps: []Step{{Offset: -time.Hour, Duration: -1}, {Offset: 1 << 62, Duration: 1 << 62}}},
		"nobody's": {CriticalPath: []Segment{{SpanID: "x", Offset: 1 << 40, Duration: -5}}, Errors: []Failure{{SpanID: "y"}}},
	} {
		var out bytes.Buffer
		if err := PrintFlow(Output{Out: &out, Format: "table"}, &Row[FlowDetail]{Of: f}, true); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestBranches(t *testing.T) {
	var steps []Step
	for _, depth := range []int{0, 1, 2, 2, 1, 2, 3, 4, 0} {
		steps = append(steps, Step{Depth: depth})
	}
	got := fmt.Sprintf("%q", Screen{}.branches(steps, 6))
	want := `["" "├ " "│ ├ " "│ └ " "└ " "  └ " "    └ " "…     └ " ""]`
	if got != want {
		t.Errorf("drawn %s\nwant  %s", got, want)
	}
}

// The same name in two namespaces is told apart.
func TestLabels(t *testing.T) {
	steps := []Step{{Service: "a/web", Name: "x"}, {Service: "a/web", Name: "y", Depth: 1}, {Service: "b/web", Name: "z", Depth: 2}, {Service: "cart", Name: "c", Depth: 1}}
	if got := strings.Join(labels(steps), "; "); got != "a/web: x; y; b/web: z; cart: c" {
		t.Error(got)
	}
}
