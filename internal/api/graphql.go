package api

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/flowscope/flowscope/internal/api/graphql"
	"github.com/flowscope/flowscope/internal/api/rest"
)

// nowKey is where a context has the clock's reading that all reads of one
// GraphQL request share.
type nowKey struct{}

// graphql is the handler of /graphql, over the answers of the REST API.
func (s *server) graphql() (http.Handler, error) {
	read := func(ctx context.Context, endpoint, name string, values url.Values) ([]byte, error) {
		now, _ := ctx.Value(nowKey{}).(time.Time)
		body, err := s.rest.Read(ctx, now, endpoint, name, values)
		if err != nil {
			return nil, graphqlError(ctx, err)
		}
		return body, nil
	}
	h, err := graphql.New(graphql.Config{REST: read, Logger: s.Logger, Timeout: s.Timeout})
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
	p := rest.ProblemOf(err)
	if p.Status >= http.StatusInternalServerError {
		rest.NoteError(ctx, err)
	}
	return &graphql.Error{Code: p.Code, Field: p.Field, Detail: p.Detail}
}
