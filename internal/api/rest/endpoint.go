package rest

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
)

const (
	jsonType     = "application/json"
	problemType  = "application/problem+json"
	protobufType = "application/x-protobuf"
)

// An answer is the work of one endpoint: it reads its parameters and returns
// what to send as JSON, a Document or a Stream.
type answer func(r *http.Request, p *params) (any, error)

// Document is an answer that is encoded already.
type Document struct {
	ContentType string
	Body        []byte
}

// endpoints is what answers each path below /api/v1.
func (a *API) endpoints() map[string]answer {
	return map[string]answer{
		"flows":                              a.flows,
		"flows/{flowId}":                     a.flow,
		"traces":                             a.traces,
		"traces/{traceId}":                   a.trace,
		"operations":                         a.operations,
		"operations/{operationName}/stats":   a.operationStats,
		"operations/{operationName}/graph":   a.operationGraph,
		"operations/{operationName}/compare": a.compareOperation,
		"profile":                            a.profile,
		"stats":                              a.stats,
		"dependencies":                       a.dependencies,
		"services":                           a.services,
		"services/{serviceName}":             a.service,
		"status":                             a.status,
	}
}

// endpoint turns an answer into a handler: a deadline, strict parameters, one
// way to send results and errors.
func (a *API) endpoint(answer answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), a.cfg.Timeout)
		defer cancel()
		w.Header().Set("Cache-Control", "no-store")
		p, err := readParams(r, a.cfg.Now())
		if err != nil {
			WriteProblem(w, r, err)
			return
		}
		body, err := answer(r.WithContext(ctx), p)
		if err != nil {
			WriteProblem(w, r, err)
			return
		}
		switch body := body.(type) {
		case Document:
			w.Header().Set("Content-Type", body.ContentType)
			w.Write(body.Body) //nolint:errcheck // the client has gone
		case Stream:
			NoteStream(r.Context())
			body(w, r)
		default:
			WriteJSON(w, http.StatusOK, body)
		}
	}
}

// WriteJSON sends a value that always encodes.
func WriteJSON(w http.ResponseWriter, status int, body any) {
	writeTyped(w, status, jsonType, body)
}

func writeTyped(w http.ResponseWriter, status int, contentType string, body any) {
	encoded, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	w.Write(encoded) //nolint:errcheck // the client has gone
}

func (a *API) status(_ *http.Request, p *params) (any, error) {
	if err := p.done(); err != nil {
		return nil, err
	}
	return a.cfg.Status(), nil
}

// slashOperation serves the operation that is called "/", as servers name the
// spans of their first page: http.ServeMux takes an escaped slash that is a
// whole segment for none.
func (a *API) slashOperation(otherwise http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		part, slash := strings.CutPrefix(r.PathValue("rest"), "//")
		answer := a.answers["operations/{operationName}/"+part]
		if !slash || answer == nil {
			otherwise.ServeHTTP(w, r)
			return
		}
		r.SetPathValue("operationName", "/")
		a.endpoint(answer)(w, r)
	}
}

// notEndpoint answers paths below root that have no endpoint, or none for the
// request's method.
func (a *API) notEndpoint(mux *http.ServeMux, root string) http.HandlerFunc {
	detail := "the endpoints of /api/v1 are " + strings.Join(a.Endpoints(), ", ")
	if a.answers["openapi.json"] != nil {
		detail = "/api/v1/openapi.json lists them"
	}
	return func(w http.ResponseWriter, r *http.Request) {
		get := r.Clone(r.Context())
		get.Method = http.MethodGet
		if _, pattern := mux.Handler(get); r.Method != http.MethodGet && pattern != root {
			w.Header().Set("Allow", "GET, HEAD")
			WriteProblem(w, r, &Problem{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed",
				Detail: "the API is read with GET"})
			return
		}
		WriteProblem(w, r, &Problem{Status: http.StatusNotFound, Code: "no_such_endpoint",
			Detail: "there is no endpoint " + r.URL.Path + "; " + detail})
	}
}
