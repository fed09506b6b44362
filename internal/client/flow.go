package client

import (
	"context"
	"fmt"
	"time"
)

// FlowDetail is one flow with its spans.
type FlowDetail struct {
	Flow
	Steps        []Step    `json:"sequence"` // in call order: depth first
	CriticalPath []Segment `json:"criticalPath"`
	Errors       []Failure `json:"errors"`
}

// Step is one span of a flow.
type Step struct {
	SpanID       string        `json:"spanId"`
	Service      string        `json:"service"`
	Name         string        `json:"name"`
	Kind         string        `json:"kind"`
	Depth        int           `json:"depth"`
	Offset       time.Duration `json:"offset"` // from the flow's start, corrected for skew
	Duration     time.Duration `json:"duration"`
	SelfTime     time.Duration `json:"selfTime"`
	Retry        bool          `json:"retry"`
	CircuitBreak bool          `json:"circuitBreak"`
	Orphan       bool          `json:"orphan"`
	ClockSkew    time.Duration `json:"clockSkew"` // added to its times
}

// Segment is the part of a flow in which a span was what everybody waited for.
type Segment struct {
	SpanID   string        `json:"spanId"`
	Service  string        `json:"service"`
	Offset   time.Duration `json:"offset"`
	Duration time.Duration `json:"duration"`
}

// Failure is why a span failed.
type Failure struct {
	SpanID  string `json:"spanId"`
	Service string `json:"service"`
	Name    string `json:"name"`
	Message string `json:"message"`
	Type    string `json:"type"`
}

// Flow asks for one flow, by its id, which is its trace's.
func (c *Client) Flow(ctx context.Context, id string) (*Row[FlowDetail], error) {
	f := &Row[FlowDetail]{}
	if err := c.get(ctx, "flows/"+segment(id), nil, f); err != nil {
		return nil, err
	}
	return f, nil
}

// maxSteps is how many spans of a flow are shown unless all are asked for: some
// screens, which people still scroll through.
const maxSteps = 100

// PrintFlow writes a flow: its figures, the tree of its spans with bars, where
// its time went and what failed. all prints long trees, too, without an end.
func PrintFlow(o Output, f *Row[FlowDetail], all bool) error {
	switch o.Format {
	case "json":
		return o.object(f.raw)
	case "ndjson":
		return o.line(f.raw)
	}
	p := newFlowPage(o.Screen, &f.Of)
	p.header()
	shown := f.Of.Steps
	if !all && len(shown) > maxSteps {
		shown = shown[:maxSteps]
	}
	p.tree(shown)
	if more := len(f.Of.Steps) - len(shown); more > 0 {
		p.line("%s %d more; --all shows them", o.Screen.pick("…", "..."), more)
	}
	p.criticalPath()
	p.failures()
	if _, err := fmt.Fprint(o.Out, p.text.String()); err != nil {
		return fmt.Errorf("print flow: %w", err)
	}
	return nil
}
