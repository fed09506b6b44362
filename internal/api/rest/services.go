package rest

import (
	"net/http"

	"github.com/flowscope/flowscope/internal/query"
)

type serviceList struct {
	Services []service `json:"services"`
	pageInfo
	Period period `json:"period"`
}

type service struct {
	Name        string         `json:"name"`
	Namespace   string         `json:"namespace"`
	Environment string         `json:"environment"`
	PodCount    int            `json:"podCount"`
	Version     string         `json:"version"` // the latest seen
	Versions    []string       `json:"versions"`
	Status      string         `json:"status"`
	Metrics     serviceMetrics `json:"metrics"`
}

type serviceMetrics struct {
	RequestRate float64 `json:"requestRate"`
	ErrorRate   float64 `json:"errorRate"`
	latencies
	RequestCount int64 `json:"requestCount"`
	ErrorCount   int64 `json:"errorCount"`
}

func (a *API) services(r *http.Request, p *params) (any, error) {
	f := query.Filter{Namespace: p.text("namespace"), Environment: p.text("environment"), Period: p.period()}
	pages := p.paging(rollupPage, rollupPage)
	if err := p.done(); err != nil {
		return nil, err
	}
	all, err := a.cfg.Query.Services(r.Context(), f)
	if err != nil {
		return nil, err
	}
	out := serviceList{
		Services: []service{},
		pageInfo: pageInfo{Total: len(all.Services), Page: pages.page, PageSize: pages.size, Partial: all.Partial},
		Period:   periodOf(all.Period),
	}
	for _, sv := range pageOf(all.Services, pages) {
		out.Services = append(out.Services, service{
			Name: sv.Name, Namespace: sv.Namespace, Environment: sv.Environment, PodCount: sv.Pods,
			Version: first(sv.Versions), Versions: sv.Versions, Status: sv.Status.String(), Metrics: metricsOf(sv.Metrics),
		})
	}
	return out, nil
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

func metricsOf(m query.ServiceMetrics) serviceMetrics {
	return serviceMetrics{
		RequestRate: m.RequestRate, ErrorRate: m.ErrorRate, latencies: latencies(m.Latency),
		RequestCount: m.Requests, ErrorCount: m.Errors,
	}
}

type serviceAnswer struct {
	Service serviceDetail `json:"service"`
	Partial bool          `json:"partial,omitempty"`
}

type serviceDetail struct {
	Name         string              `json:"name"`
	Namespace    string              `json:"namespace"`
	Environment  string              `json:"environment"`
	Versions     []string            `json:"versions"`
	Pods         []pod               `json:"pods"`
	Dependencies serviceDependencies `json:"dependencies"`
	Status       string              `json:"status"`
	Metrics      serviceMetrics      `json:"metrics"`
	Operations   []string            `json:"operations"`
}

type pod struct {
	Name     string    `json:"name"`
	Node     string    `json:"node"`
	Version  string    `json:"version"`
	Status   string    `json:"status"`
	LastSeen timestamp `json:"lastSeen"`
}

type serviceDependencies struct {
	Upstream   []string `json:"upstream"`
	Downstream []string `json:"downstream"`
}

func (a *API) service(r *http.Request, p *params) (any, error) {
	f := query.Filter{
		Service: r.PathValue("serviceName"), Namespace: p.text("namespace"),
		Environment: p.text("environment"), Exact: p.oneOf("exact", "true", "false") == 0, Period: p.period(),
	}
	if err := p.done(); err != nil {
		return nil, err
	}
	d, err := a.cfg.Query.Service(r.Context(), f)
	if err != nil {
		return nil, err
	}
	return serviceOf(d), nil
}

func serviceOf(d query.ServiceDetail) serviceAnswer {
	pods := make([]pod, len(d.Pods))
	for i, one := range d.Pods {
		pods[i] = pod{one.Name, one.Node, one.Version, podStatus(one), timestamp(one.LastSeen)}
	}
	detail := serviceDetail{
		Name: d.Name, Namespace: d.Namespace, Environment: d.Environment, Versions: d.Versions, Pods: pods,
		Dependencies: serviceDependencies{ids(d.Upstream), ids(d.Downstream)},
		Status:       d.Status.String(), Metrics: metricsOf(d.Metrics), Operations: append([]string{}, d.Operations...),
	}
	return serviceAnswer{detail, d.Partial}
}

func podStatus(p query.Pod) string {
	if p.Running {
		return "Running"
	}
	return "Gone"
}
