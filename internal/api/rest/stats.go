package rest

import (
	"net/http"

	"github.com/flowscope/flowscope/internal/query"
)

type statsAnswer struct {
	OperationName string       `json:"operationName"`
	Period        period       `json:"period"`
	Stats         currentStats `json:"stats"`
	Series        []point      `json:"series"`
	Previous      counts       `json:"previous"`
	Partial       bool         `json:"partial,omitempty"`
}

type currentStats struct {
	counts
	Services []serviceCount `json:"services"`
}

type counts struct {
	TotalRequests int64   `json:"totalRequests"`
	SuccessCount  int64   `json:"successCount"`
	ErrorCount    int64   `json:"errorCount"`
	TimeoutCount  int64   `json:"timeoutCount"`
	ErrorRate     float64 `json:"errorRate"`
	Rate          float64 `json:"rate"`
	latencies
}

type serviceCount struct {
	Name         string `json:"name"`
	Namespace    string `json:"namespace"`
	RequestCount int64  `json:"requestCount"`
	ErrorCount   int64  `json:"errorCount"`
}

type point struct {
	Time       timestamp `json:"time"`
	Count      int64     `json:"count"`
	ErrorCount int64     `json:"errorCount"`
	P50        float64   `json:"p50Latency"`
	P95        float64   `json:"p95Latency"`
	P99        float64   `json:"p99Latency"`
}

func (a *API) operationStats(r *http.Request, p *params) (any, error) {
	f := query.Filter{Operation: r.PathValue("operationName"), Environment: p.text("environment"), Period: p.period()}
	if err := p.done(); err != nil {
		return nil, err
	}
	return a.statsOf(r, f)
}

func (a *API) stats(r *http.Request, p *params) (any, error) {
	f := query.Filter{Environment: p.text("environment"), Service: p.text("service"), Period: p.period()}
	if err := p.done(); err != nil {
		return nil, err
	}
	return a.statsOf(r, f)
}

func (a *API) statsOf(r *http.Request, f query.Filter) (any, error) {
	st, err := a.cfg.Query.Stats(r.Context(), f)
	if err != nil {
		return nil, err
	}
	out := statsAnswer{
		OperationName: f.Operation,
		Period:        periodOf(st.Period),
		Stats:         currentStats{countsOf(st.Counts), make([]serviceCount, len(st.Services))},
		Series:        make([]point, len(st.Series)),
		Previous:      countsOf(st.Previous),
		Partial:       st.Partial,
	}
	for i, c := range st.Services {
		out.Stats.Services[i] = serviceCount{c.Service.Name, c.Service.Namespace, c.Requests, c.Errors}
	}
	for i, pt := range st.Series {
		out.Series[i] = point{timestamp(pt.Time), pt.Count, pt.Errors, pt.Latency.P50, pt.Latency.P95, pt.Latency.P99}
	}
	return out, nil
}

func countsOf(c query.Counts) counts {
	return counts{
		TotalRequests: c.Total, SuccessCount: c.Success, ErrorCount: c.Errors, TimeoutCount: c.Timeouts,
		ErrorRate: c.ErrorRate, Rate: c.Rate, latencies: latencies(c.Latency),
	}
}
