package api

import (
	"context"
	"encoding/json"
	"net/http"
)

const (
	jsonType     = "application/json"
	problemType  = "application/problem+json"
	protobufType = "application/x-protobuf"
)

// An answer is the work of one endpoint: it reads its parameters and returns
// what to send as JSON, a document of another type, or a stream.
type answer func(r *http.Request, p *params) (any, error)

// document is an answer that is encoded already.
type document struct {
	contentType string
	body        []byte
}

// endpoints is the REST API: what answers each pattern.
func (s *server) endpoints() map[string]answer {
	return map[string]answer{
		"GET /api/v1/flows":                              s.flows,
		"GET /api/v1/flows/{flowId}":                     s.flow,
		"GET /api/v1/traces":                             s.traces,
		"GET /api/v1/traces/{traceId}":                   s.trace,
		"GET /api/v1/operations":                         s.operations,
		"GET /api/v1/operations/{operationName}/stats":   s.operationStats,
		"GET /api/v1/operations/{operationName}/graph":   s.operationGraph,
		"GET /api/v1/operations/{operationName}/compare": s.compareOperation,
		"GET /api/v1/profile":                            s.profile,
		"GET /api/v1/stats":                              s.stats,
		"GET /api/v1/dependencies":                       s.dependencies,
		"GET /api/v1/services":                           s.services,
		"GET /api/v1/services/{serviceName}":             s.service,
		"GET /api/v1/status":                             s.status,
		"GET /api/v1/ws":                                 s.socket,
		"GET /api/v1/openapi.json":                       s.openapi,
	}
}

// endpoint turns an answer into a handler: a deadline, strict parameters, one
// way to send results and errors.
func (s *server) endpoint(a answer) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), s.Timeout)
		defer cancel()
		w.Header().Set("Cache-Control", "no-store")
		p, err := readParams(r, s.Now())
		if err != nil {
			writeProblem(w, r, err)
			return
		}
		body, err := a(r.WithContext(ctx), p)
		if err != nil {
			writeProblem(w, r, err)
			return
		}
		switch body := body.(type) {
		case document:
			w.Header().Set("Content-Type", body.contentType)
			w.Write(body.body) //nolint:errcheck // the client has gone
		case stream:
			noteStream(r.Context())
			body(w, r)
		default:
			writeJSON(w, http.StatusOK, body)
		}
	}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	writeTyped(w, status, jsonType, body)
}

// writeTyped sends a value of this package's own types, which always encode.
func writeTyped(w http.ResponseWriter, status int, contentType string, body any) {
	encoded, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	w.Write(encoded) //nolint:errcheck // the client has gone
}

// slashOperation serves the operation that is called "/", as servers name the
// spans of their first page: http.ServeMux takes an escaped slash that is a
// whole segment for none.
func (s *server) slashOperation(otherwise http.Handler) http.HandlerFunc {
	answers := map[string]answer{"//stats": s.operationStats, "//graph": s.operationGraph}
	return func(w http.ResponseWriter, r *http.Request) {
		a, known := answers[r.PathValue("rest")]
		if !known {
			otherwise.ServeHTTP(w, r)
			return
		}
		r.SetPathValue("operationName", "/")
		s.endpoint(a)(w, r)
	}
}

// notEndpoint answers paths under /api/ that have no endpoint, or none for the
// request's method.
func notEndpoint(mux *http.ServeMux) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		get := r.Clone(r.Context())
		get.Method = http.MethodGet
		if _, pattern := mux.Handler(get); r.Method != http.MethodGet && pattern != "/api/" {
			w.Header().Set("Allow", "GET, HEAD")
			writeProblem(w, r, &problem{Status: http.StatusMethodNotAllowed, Code: "method_not_allowed",
				Detail: "the API is read with GET"})
			return
		}
		writeProblem(w, r, &problem{Status: http.StatusNotFound, Code: "no_such_endpoint",
			Detail: "there is no endpoint " + r.URL.Path + "; /api/v1/openapi.json lists them"})
	}
}
