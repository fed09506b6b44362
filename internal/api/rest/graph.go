package rest

import (
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/query"
)

// serviceInfo names the service of a node or a span and its instance.
type serviceInfo struct {
	Name       string `json:"name"`
	Namespace  string `json:"namespace"`
	Pod        string `json:"pod"`
	Version    string `json:"version"`
	Deployment string `json:"deployment"`
}

type graph struct {
	Nodes []node `json:"nodes"`
	Edges []edge `json:"edges"`
}

type node struct {
	ID      string      `json:"id"`
	Kind    string      `json:"kind"`
	Service serviceInfo `json:"service"`
	Metrics nodeMetrics `json:"metrics"`
	Status  string      `json:"status"`
}

type nodeMetrics struct {
	RequestCount int64   `json:"requestCount"`
	ErrorCount   int64   `json:"errorCount"`
	ErrorRate    float64 `json:"errorRate"`
	latencies
	SelfTime      float64 `json:"selfTime"` // ms
	CriticalShare float64 `json:"criticalShare"`
}

type edge struct {
	From       string  `json:"from"`
	To         string  `json:"to"`
	CallCount  int64   `json:"callCount"`
	ErrorCount int64   `json:"errorCount"`
	ErrorRate  float64 `json:"errorRate"`
	latencies
	RetryCount        int64 `json:"retryCount"`
	CircuitBreakCount int64 `json:"circuitBreakCount"`
}

func graphOf(g query.Graph) graph {
	out := graph{Nodes: make([]node, len(g.Nodes)), Edges: make([]edge, len(g.Edges))}
	for i := range g.Nodes {
		out.Nodes[i] = nodeOf(&g.Nodes[i])
	}
	for i := range g.Edges {
		out.Edges[i] = edgeOf(&g.Edges[i])
	}
	return out
}

func nodeOf(n *query.Node) node {
	return node{
		ID:   n.ID(),
		Kind: n.Kind.String(),
		Service: serviceInfo{
			Name: n.Name, Namespace: n.Namespace,
			Pod: n.Info.Pod, Version: n.Info.Version, Deployment: n.Info.Deployment,
		},
		Metrics: nodeMetrics{
			RequestCount: n.Requests, ErrorCount: n.Errors, ErrorRate: n.ErrorRate,
			latencies: latencies(n.Latency), SelfTime: n.SelfTime, CriticalShare: n.CriticalShare,
		},
		Status: n.Status.String(),
	}
}

func edgeOf(e *query.Edge) edge {
	return edge{
		From: e.From.ID(), To: e.To.ID(),
		CallCount: e.Calls, ErrorCount: e.Errors, ErrorRate: e.ErrorRate,
		latencies: latencies(e.Latency), RetryCount: e.Retries, CircuitBreakCount: e.Breaks,
	}
}

func ids(nodes []model.Node) []string {
	list := make([]string, len(nodes))
	for i, n := range nodes {
		list[i] = n.ID()
	}
	return list
}
