package rest

import (
	"net/http"

	"github.com/flowscope/flowscope/internal/query"
)

// profile answers with a compare.Profile as it is.
func (a *API) profile(r *http.Request, p *params) (any, error) {
	f := query.Filter{Operation: p.text("operation"), Environment: p.text("environment"), Period: p.period()}
	release := query.Release{Service: p.text("service"), Version: p.text("release")}
	if release.Service != "" && release.Version == "" {
		p.fail("service", "service needs a release: it says whose version that is")
	}
	if err := p.done(); err != nil {
		return nil, err
	}
	found, err := a.cfg.Query.Profile(r.Context(), f, release)
	if err != nil {
		return nil, err
	}
	found.Server = a.cfg.Version
	return found, nil
}
