package rest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/flowscope/flowscope/internal/live"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/query"
)

// Config is what the answers are made of. Query, Live, Open and Status are
// required.
type Config struct {
	Query   *query.Engine
	Live    *live.Hub
	Open    func(context.Context) (model.OpenFlows, error) // what is not counted yet
	Status  func() any                                     // what GET status answers
	Version string                                         // of Flowscope, as profiles name it

	// Counted tells whether the flow of a trace that Query reads has been counted:
	// until then more of it may come. Nil is that all have been.
	Counted func(context.Context, model.TraceID) (bool, error)

	// OpenKnown says that Open knows what runs, not only what has ended of it.
	OpenKnown bool

	Now     func() time.Time // the clock that "now" in a parameter means; nil is time.Now
	Timeout time.Duration    // of one answer; 0 is DefaultTimeout

	// More are further endpoints, by their path below /api/v1. They are read with
	// GET, take no parameters, and answer with what is sent as JSON, a Document or
	// a Stream.
	More map[string]func(*http.Request) (any, error)
}

// DefaultTimeout is far above any answer's time; it frees what a query of a
// broken disk or an endless range holds.
const DefaultTimeout = 30 * time.Second

// API answers requests. It is safe for concurrent use and has nothing to close.
type API struct {
	cfg     Config
	answers map[string]answer // by path below /api/v1, variables in braces
}

// New returns the API over what a Config names.
func New(c Config) *API {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Timeout == 0 {
		c.Timeout = DefaultTimeout
	}
	a := &API{cfg: c}
	a.answers = a.endpoints()
	for path, more := range c.More {
		a.answers[path] = func(r *http.Request, p *params) (any, error) {
			if err := p.done(); err != nil {
				return nil, err
			}
			return more(r)
		}
	}
	return a
}

// Endpoints lists the paths below /api/v1, variables in braces.
func (a *API) Endpoints() []string { return slices.Sorted(maps.Keys(a.answers)) }

// Mount adds the API to a mux: the endpoints under prefix/api/v1/, and for every
// other path under prefix/api/ a problem that says so. The prefix is empty or
// begins with a slash and ends without one.
func (a *API) Mount(mux *http.ServeMux, prefix string) {
	root := prefix + "/api/"
	for path, answer := range a.answers {
		mux.Handle("GET "+root+"v1/"+path, a.endpoint(answer))
	}
	otherwise := a.notEndpoint(mux, root)
	mux.Handle(root, otherwise)
	mux.Handle("GET "+root+"v1/operations/{rest...}", a.slashOperation(otherwise))
}

// Read answers for a caller that has no request: endpoint is one of Endpoints,
// name what its variable stands for, now what its parameters mean by it. The
// deadline is the context's. An error is for ProblemOf.
func (a *API) Read(ctx context.Context, now time.Time, endpoint, name string, values url.Values) ([]byte, error) {
	answer := a.answers[endpoint]
	if answer == nil {
		return nil, fmt.Errorf("read %s: no such endpoint", endpoint)
	}
	r := (&http.Request{Method: http.MethodGet, URL: &url.URL{}, Header: http.Header{}}).WithContext(ctx)
	if _, variable, found := strings.Cut(endpoint, "{"); found {
		variable, _, _ = strings.Cut(variable, "}")
		r.SetPathValue(variable, name)
	}
	body, err := answer(r, &params{values: values, now: now})
	if err != nil {
		return nil, err
	}
	switch body := body.(type) {
	case Document:
		return body.Body, nil
	case Stream:
		return nil, fmt.Errorf("read %s: it has no end", endpoint)
	default:
		return json.Marshal(body)
	}
}
