package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"time"
)

// Graph is how all flows of an operation in a period went through services.
type Graph struct {
	Operation string `json:"operationName"`
	FlowCount int64  `json:"flowCount"`
	Period    struct {
		Start time.Time `json:"start"`
		End   time.Time `json:"end"`
	} `json:"period"`
	Nodes   []GraphNode `json:"nodes"`
	Edges   []GraphEdge `json:"edges"`
	Partial bool        `json:"partial"`

	raw json.RawMessage
}

// GraphNode is a service, or what sends no spans itself.
type GraphNode struct {
	ID      string `json:"id"`
	Kind    string `json:"kind"`
	Status  string `json:"status"`
	Metrics struct {
		RequestCount int64   `json:"requestCount"`
		ErrorRate    float64 `json:"errorRate"`
		latencies
	} `json:"metrics"`
}

// GraphEdge is the calls from one node to another.
type GraphEdge struct {
	From      string  `json:"from"`
	To        string  `json:"to"`
	CallCount int64   `json:"callCount"`
	ErrorRate float64 `json:"errorRate"`
	latencies
	RetryCount        int64 `json:"retryCount"`
	CircuitBreakCount int64 `json:"circuitBreakCount"`
}

// Graph asks for the flow graph of an operation. An operation without flows in
// the period has an empty one.
func (c *Client) Graph(ctx context.Context, operation string, params url.Values) (*Graph, error) {
	g := &Graph{}
	if err := c.get(ctx, "operations/"+segment(operation)+"/graph", params, &g.raw); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(g.raw, g); err != nil {
		return nil, fmt.Errorf("read the answer of %s: graph: %w", c, err)
	}
	return g, nil
}

// PrintGraph writes a graph as o.Format says: "text", a tree; "dot" for Graphviz;
// "mermaid"; or "json", as the server sent it.
func PrintGraph(o Output, g *Graph) error {
	if g.Partial {
		if err := o.note("partial answer: damaged blocks are left out"); err != nil {
			return err
		}
	}
	switch o.Format {
	case "json":
		return o.object(g.raw)
	case "dot":
		_, err := io.WriteString(o.Out, g.dot())
		return err
	case "mermaid":
		_, err := io.WriteString(o.Out, g.mermaid())
		return err
	default:
		return g.text(o)
	}
}

// numbers gives every node a name that every language of graphs takes.
func (g *Graph) numbers() map[string]string {
	names := make(map[string]string, len(g.Nodes))
	for i := range g.Nodes {
		names[g.Nodes[i].ID] = fmt.Sprintf("n%d", i)
	}
	return names
}

// about is the label of an edge: short, for it lies on a line.
func (e *GraphEdge) about() string {
	text := fmt.Sprintf("%d calls, p95 %s", e.CallCount, millis(e.P95))
	if e.ErrorRate > 0 {
		text += ", " + percent(e.ErrorRate) + " failed"
	}
	if e.RetryCount > 0 {
		text += fmt.Sprintf(", %d retries", e.RetryCount)
	}
	return text
}
