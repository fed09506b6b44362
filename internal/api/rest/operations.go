package rest

import (
	"net/http"

	"github.com/flowscope/flowscope/internal/query"
)

type operationList struct {
	Operations []operation `json:"operations"`
	pageInfo
	Period period `json:"period"`
}

type operation struct {
	Name         string   `json:"name"`
	Environments []string `json:"environments"`
	Count        int64    `json:"count"`
	ErrorCount   int64    `json:"errorCount"`
	ErrorRate    float64  `json:"errorRate"`
	TimeoutCount int64    `json:"timeoutCount"`
	Rate         float64  `json:"rate"`
	latencies
	LastSeen timestamp `json:"lastSeen"`
	Series   []int64   `json:"series"`
}

// rollupPage bounds lists that are made of rollups; operations and services
// number in the hundreds.
const rollupPage = 1000

func (a *API) operations(r *http.Request, p *params) (any, error) {
	f := query.Filter{
		Operation: p.text("operation"), Environment: p.text("environment"), Service: p.text("service"), Period: p.period(),
	}
	pages := p.paging(rollupPage, rollupPage)
	if err := p.done(); err != nil {
		return nil, err
	}
	all, err := a.cfg.Query.Operations(r.Context(), f)
	if err != nil {
		return nil, err
	}
	out := operationList{
		Operations: []operation{},
		pageInfo:   pageInfo{Total: len(all.Operations), Page: pages.page, PageSize: pages.size, Partial: all.Partial},
		Period:     periodOf(all.Period),
	}
	for _, op := range pageOf(all.Operations, pages) {
		out.Operations = append(out.Operations, operationOf(op))
	}
	return out, nil
}

func operationOf(op query.Operation) operation {
	return operation{
		Name: op.Name, Environments: op.Environments,
		Count: op.Counts.Total, ErrorCount: op.Counts.Errors, ErrorRate: op.Counts.ErrorRate,
		TimeoutCount: op.Counts.Timeouts, Rate: op.Counts.Rate, latencies: latencies(op.Counts.Latency),
		LastSeen: timestamp(op.LastSeen), Series: op.Series,
	}
}

type operationGraph struct {
	OperationName string `json:"operationName"`
	Period        period `json:"period"`
	FlowCount     int64  `json:"flowCount"`
	graph
	Partial bool `json:"partial,omitempty"`
}

func (a *API) operationGraph(r *http.Request, p *params) (any, error) {
	f := query.Filter{Operation: r.PathValue("operationName"), Environment: p.text("environment"), Period: p.period()}
	if err := p.done(); err != nil {
		return nil, err
	}
	g, err := a.cfg.Query.OperationGraph(r.Context(), f)
	if err != nil {
		return nil, err
	}
	return operationGraph{f.Operation, periodOf(g.Period), g.Flows, graphOf(g.Graph), g.Partial}, nil
}
