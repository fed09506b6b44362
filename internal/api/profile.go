package api

import (
	"net/http"

	"github.com/flowscope/flowscope/internal/query"
)

// profile answers with a compare.Profile as it is.
func (s *server) profile(r *http.Request, p *params) (any, error) {
	f := query.Filter{Operation: p.text("operation"), Environment: p.text("environment"), Period: p.period()}
	release := query.Release{Service: p.text("service"), Version: p.text("release")}
	if release.Service != "" && release.Version == "" {
		p.fail("service", "service needs a release: it says whose version that is")
	}
	if err := p.done(); err != nil {
		return nil, err
	}
	found, err := s.Query.Profile(r.Context(), f, release)
	if err != nil {
		return nil, err
	}
	found.Server = s.Status().Version
	return found, nil
}
