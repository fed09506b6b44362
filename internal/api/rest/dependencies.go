package rest

import (
	"net/http"

	"github.com/flowscope/flowscope/internal/query"
)

type dependencies struct {
	graph
	Partial  bool               `json:"partial,omitempty"`
	Metadata dependencyMetadata `json:"metadata"`
}

type dependencyMetadata struct {
	Namespace   string    `json:"namespace"`
	Service     string    `json:"service"`
	LastUpdated timestamp `json:"lastUpdated,omitempty"` // end of the latest flow counted
	Period      period    `json:"period"`
}

func (a *API) dependencies(r *http.Request, p *params) (any, error) {
	f := query.Filter{
		Namespace: p.text("namespace"), Service: p.text("service"),
		Environment: p.text("environment"), Period: p.period(),
	}
	if err := p.done(); err != nil {
		return nil, err
	}
	d, err := a.cfg.Query.Dependencies(r.Context(), f)
	if err != nil {
		return nil, err
	}
	return dependencies{graphOf(d.Graph), d.Partial, dependencyMetadata{
		Namespace: f.Namespace, Service: f.Service,
		LastUpdated: timestamp(d.LastSeen), Period: periodOf(d.Period),
	}}, nil
}
