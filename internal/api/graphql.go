package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/flowscope/flowscope/internal/api/graphql"
)

// nowKey is where a context has the clock's reading that all reads of one
// GraphQL request share.
type nowKey struct{}

// graphql is the handler of /graphql, over the answers of the REST API.
func (s *server) graphql() (http.Handler, error) {
	answers := s.endpoints()
	rest := func(ctx context.Context, endpoint, name string, values url.Values) ([]byte, error) {
		r := (&http.Request{Method: http.MethodGet, URL: &url.URL{}, Header: http.Header{}}).WithContext(ctx)
		if _, variable, found := strings.Cut(endpoint, "{"); found {
			variable, _, _ = strings.Cut(variable, "}")
			r.SetPathValue(variable, name)
		}
		now, _ := ctx.Value(nowKey{}).(time.Time)
		body, err := answers["GET /api/v1/"+endpoint](r, &params{values: values, now: now})
		if err != nil {
			return nil, graphqlError(ctx, err)
		}
		return json.Marshal(body)
	}
	h, err := graphql.New(graphql.Config{REST: rest, Logger: s.Logger, Timeout: s.Timeout})
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), nowKey{}, s.Now())))
	}), nil
}

// graphqlError is a problem as GraphQL says it. What the client is not told
// goes to the request's log record.
func graphqlError(ctx context.Context, err error) error {
	p := problemOf(err)
	if p.Status >= http.StatusInternalServerError {
		noteError(ctx, err)
	}
	return &graphql.Error{Code: p.Code, Field: p.Field, Detail: p.Detail}
}
